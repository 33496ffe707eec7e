/** The client's half of a control socket: one question, one answer, a limit on the time. */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { LwktError } from '../base/errors.ts';
import { Answer, type ControlRequest } from '../machine/control-protocol.ts';

/** Milliseconds to wait for an answer. */
const PATIENCE_MS = 5000;

/** A request without its id. */
export type Question = ControlRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;

/**
 * Asks a running machine.
 *
 * @returns the result
 * @throws LwktError ERR_LWKT_STOPPED when nobody answers; whatever the machine refuses, with its code
 */
export async function askMachine(path: string, question: Question): Promise<unknown> {
  const socket = connect(path);
  const timer = setTimeout(
    () => socket.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)),
    PATIENCE_MS,
  );
  try {
    socket.write(`${JSON.stringify({ id: 1, ...question })}\n`);
    // Without a listener an error of the socket would end the process; the loop below ends by it.
    const failed = new Promise<never>((_, reject) => socket.on('error', reject));
    failed.catch(() => undefined);
    const answered = firstAnswer(socket);
    return await Promise.race([answered, failed]);
  } catch (error) {
    if (error instanceof LwktError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'there is no such socket'
        : code === 'ECONNREFUSED'
          ? 'its machine is gone'
          : message;
    throw new LwktError(
      'ERR_LWKT_STOPPED',
      `--control ${path}: ${why}; start one with \`lwkt run --control ${path} PROGRAM\``,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function firstAnswer(socket: ReturnType<typeof connect>): Promise<unknown> {
  for await (const line of createInterface({ input: socket })) {
    const said = Answer.parse(JSON.parse(line));
    if ('lwkt' in said) continue;
    if (said.ok) return said.result;
    throw new LwktError(said.error.code as LwktError['code'], said.error.message);
  }
  throw new Error('it closed the connection');
}
