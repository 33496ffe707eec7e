/**
 * A machine's control socket: a Unix-domain socket through which others on this computer look at a running machine
 * and set its tunables. Only its owner may open it.
 *
 * What comes in is data: lines are bounded and checked, and whatever is wrong is answered, never thrown.
 */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { LwktError } from '../base/errors.ts';
import { folderFault } from '../base/folder.ts';
import {
  CONTROL_VERSION,
  MAX_LINE,
  Request,
  type ControlAnswer,
  type ControlRequest,
} from './control-protocol.ts';

/** Longest path of a socket in bytes, on every system. */
const MAX_PATH = 103;
/** Lines of one client that may wait to be read by it before it is dropped, in bytes. */
const MAX_UNREAD = 4 * 1024 * 1024;
/** Milliseconds that a client which is turned away has to read why. */
const LINGER_MS = 1000;

/** What the socket may do with its machine. */
export interface Controlled {
  readonly ncpus: number;
  readonly sysctl: {
    get(name: string): number;
    set(name: string, value: number): void;
    list(): unknown;
  };
  ps(): unknown;
  stats(): unknown;
}

/** An open control socket. */
export interface ControlSocket {
  /** Closes it, drops its clients and removes the file. */
  close(): void;
}

function answer(machine: Controlled, request: ControlRequest): unknown {
  if (request.ask === 'ps') return machine.ps();
  if (request.ask === 'stats') return machine.stats();
  const { name, value } = request;
  if (name === undefined) return machine.sysctl.list();
  if (value !== undefined) machine.sysctl.set(name, value);
  return machine.sysctl.get(name);
}

function parsed(line: string): ControlRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new LwktError('ERR_LWKT_OPTION', `not JSON: ${line.slice(0, 80)}`);
  }
  const request = Request.safeParse(value);
  if (request.success) return request.data;
  const [issue] = request.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new LwktError(
    'ERR_LWKT_OPTION',
    `bad request${where === '' ? '' : ` at ${where}`}: ${issue?.message ?? 'unknown'}`,
  );
}

function idOf(line: string): number | null {
  try {
    const { id } = JSON.parse(line) as { id?: unknown };
    return typeof id === 'number' && Number.isInteger(id) ? id : null;
  } catch {
    return null;
  }
}

function reply(machine: Controlled, line: string): ControlAnswer {
  try {
    const request = parsed(line);
    return { id: request.id, ok: true, result: answer(machine, request) };
  } catch (error) {
    const { code = 'ERR_LWKT_OPTION', message = String(error) } = error as Partial<LwktError>;
    return { id: idOf(line), ok: false, error: { code, message } };
  }
}

function serve(client: Socket, machine: Controlled, program: string): void {
  const say = (what: ControlAnswer): void => {
    client.write(`${JSON.stringify(what)}\n`);
    if (client.writableLength > MAX_UNREAD) client.destroy();
  };
  let rest = '';
  client.setEncoding('utf8');
  // A client that goes away in the middle is its own affair.
  client.on('error', () => client.destroy());
  client.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '' && !client.destroyed) say(reply(machine, line));
    if (rest.length <= MAX_LINE) return;
    const message = `a line of more than ${MAX_LINE} bytes`;
    say({ id: null, ok: false, error: { code: 'ERR_LWKT_OPTION', message } });
    // Closed with its data unread, the connection would be reset, and the answer lost.
    client.removeAllListeners('data');
    client.resume();
    client.end();
    setTimeout(() => client.destroy(), LINGER_MS).unref();
  });
  say({ lwkt: CONTROL_VERSION, pid: process.pid, cpus: machine.ncpus, program });
}

/** Makes way for a socket: removes a dead one, refuses everything else. */
async function makeWay(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `control: '${path}' has ${bytes} bytes; the path of a socket has ${MAX_PATH} at most`,
    );
  }
  const fault = folderFault(path);
  if (fault !== undefined) throw new LwktError('ERR_LWKT_OPTION', `control: '${path}': ${fault}`);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `control: '${path}' exists and is no socket: remove it, or choose another path`,
    );
  }
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
  if (alive) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `control: '${path}' belongs to a running machine: choose another path`,
    );
  }
  unlinkSync(path);
}

/**
 * Opens a control socket.
 *
 * @throws LwktError ERR_LWKT_OPTION when the path is too long, in use, or cannot be made
 */
export async function openControlSocket(
  path: string,
  machine: Controlled,
  program: string,
): Promise<ControlSocket> {
  await makeWay(path);
  const clients = new Set<Socket>();
  const server: Server = createServer((client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    serve(client, machine, program);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new LwktError('ERR_LWKT_OPTION', `control: cannot make '${path}': ${error.message}`, {
          cause: error,
        }),
      );
    });
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    close: () => {
      server.close();
      for (const client of clients) client.destroy();
    },
  };
}
