import { join, kthread, ncpus, spawn, until } from 'lwkt/thread';
import { open, readFile } from 'node:fs/promises';
import { openSync, fstatSync, readSync, closeSync, readdirSync } from 'node:fs';
const K = new Uint8Array(256).fill(1); for (const c of [9,10,11,12,13,32]) K[c]=0;
function cnt(buf: Uint8Array, n: number): number { let last=2,w=0; for (let i=0;i<n;i++){ const k=K[buf[i] as number] as number; if(k===2) continue; w+= k&(last^1); last=k;} return w; }
const buf = Buffer.allocUnsafe(1<<20);
const one = kthread(function* one(path: string, mode: string) {
  let w = 0;
  if (mode === 'async') {
    const b = yield* until(readFile(path)); w = cnt(b, b.length);
  } else if (mode === 'handle') {
    const h = yield* until(open(path)); const { size } = yield* until(h.stat());
    const b = Buffer.allocUnsafe(Math.min(size, 1<<20)+1); let at = 0;
    for (;;) { const { bytesRead } = yield* until(h.read(b, 0, b.length, at)); if (bytesRead === 0) break; w += cnt(b, bytesRead); at += bytesRead; if (at>=size) break; }
    yield* until(h.close());
  } else if (mode === 'mixed') {
    const fd = openSync(path); const { size } = fstatSync(fd); closeSync(fd);
    if (size > 0) { const b = yield* until(readFile(path)); w = cnt(b, b.length); }
  } else {
    const fd = openSync(path); fstatSync(fd); let at = 0;
    for (;;) { const n = readSync(fd, buf, 0, buf.length, at); if (n === 0) break; w += cnt(buf, n); at += n; if (n < buf.length) break;}
    closeSync(fd);
  }
  return w;
});
export default kthread(function* main(mode: string, dir: string) {
  const t0 = performance.now();
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((d) => d.isFile()).map((d) => `${d.parentPath}/${d.name}`);
  const t1 = performance.now();
  const W = 16 * ncpus(); const q: ReturnType<typeof spawn<[string,string],number>>[] = []; let sum = 0;
  for (const f of files) { if (q.length === W) sum += yield* join(q.shift()!); q.push(spawn(one, [f, mode], { cpu: 'spread' })); }
  for (const t of q) sum += yield* join(t);
  console.log(mode, ncpus(), files.length, sum, 'walk', (t1-t0).toFixed(0), 'count', (performance.now()-t1).toFixed(0));
});
