import { join, kthread, ncpus, spawn, until, safepoint, lwktYield, type Td } from 'lwkt/thread';
import { open, readdir } from 'node:fs/promises';
import { openSync, fstatSync, readSync, closeSync, readdirSync, read as readCb } from 'node:fs';
import { promisify } from 'node:util';
const readP = promisify(readCb);
const K = new Uint8Array(256).fill(1); for (const c of [9,10,11,12,13,32]) K[c]=0;
const SL = 16384;
function cnt(buf: Uint8Array, s: number, e: number): number { let last=2,w=0; for (let i=s;i<e;i++){ const k=K[buf[i] as number] as number; if(k===2) continue; w+= k&(last^1); last=k;} return w; }
const free: Buffer[] = [];
function* count(path: string, start: number, end: number, mode: string): Generator<unknown, number, unknown> {
  const b = free.pop() ?? Buffer.allocUnsafe(1<<18);
  let w = 0;
  if (mode === 'async') {
    const h = yield* until(open(path));
    for (let at = start; at < end;) {
      const { bytesRead: n } = yield* until(h.read(b, 0, Math.min(b.length, end - at), at)); if (n === 0) break;
      for (let i = 0; i < n; i += SL) { w += cnt(b, i, Math.min(i + SL, n)); if (safepoint()) yield* lwktYield(); }
      at += n;
    }
    yield* until(h.close());
  } else {
    const fd = openSync(path);
    for (let at = start; at < end;) {
      const n = mode === 'sync' ? readSync(fd, b, 0, Math.min(b.length, end - at), at) : (yield* until(readP(fd, b, 0, Math.min(b.length, end - at), at))).bytesRead; if (n === 0) break;
      for (let i = 0; i < n; i += SL) { w += cnt(b, i, Math.min(i + SL, n)); if (safepoint()) yield* lwktYield(); }
      at += n;
    }
    closeSync(fd);
  }
  free.push(b);
  return w;
}
const piece = kthread(function* piece(path: string, s: number, e: number, mode: string) { return yield* count(path, s, e, mode); });
const batch = kthread(function* batch(paths: string[], mode: string) {
  const rows: (number | Td<number>[])[] = [];
  for (const p of paths) {
    let size = 0;
    if (mode === 'async') { const h = yield* until(open(p)); size = (yield* until(h.stat())).size; yield* until(h.close()); }
    else { const fd = openSync(p); size = fstatSync(fd).size; closeSync(fd); }
    if (size <= 1 << 20) rows.push(size === 0 ? 0 : yield* count(p, 0, size, mode));
    else { const st = Math.max(1<<20, Math.ceil(size / 64)); const tds = []; for (let a = 0; a < size; a += st) tds.push(spawn(piece, [p, a, Math.min(size, a+st), mode], {cpu:'spread'})); rows.push(tds); }
  }
  const out: number[] = [];
  for (const r of rows) { if (typeof r === 'number') out.push(r); else { let s = 0; for (const td of r) s += yield* join(td); out.push(s); } }
  return out;
});
export default kthread(function* main(mode: string, dir: string) {
  for (let k = 0; k < 3; k++) {
  const t0 = performance.now();
  const W = 4 * ncpus(); const q: Td<number[]>[] = []; let sum = 0; let b: string[] = []; let nf = 0;
  const dirs = [dir];
  for (let d; (d = dirs.pop()) !== undefined;) {
    const list = mode === 'sync' ? readdirSync(d, { withFileTypes: true }) : yield* until(readdir(d, { withFileTypes: true }));
    for (const e of list) {
      if (e.isDirectory()) dirs.push(`${d}/${e.name}`);
      else if (e.isFile()) { nf++; b.push(`${d}/${e.name}`); if (b.length === 32) { if (q.length === W) for (const n of yield* join(q.shift()!)) sum += n; q.push(spawn(batch, [b, mode], { cpu: 'spread' })); b = []; } }
    }
  }
  q.push(spawn(batch, [b, mode]));
  for (const t of q) for (const n of yield* join(t)) sum += n;
  console.log(mode, ncpus(), nf, sum, (performance.now()-t0).toFixed(0));
  }
});
