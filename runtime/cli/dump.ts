/** `lwkt dump FILE`: what a machine looked like when its dump was written. */
import { cleanLine } from '../base/clean.ts';
import { machineView } from '../observe/view.ts';
import { readDump } from '../machine/dump.ts';
import { sentences, viewText } from './view-text.ts';

/** What the command line gives. */
export interface DumpOptions {
  readonly json?: boolean;
}

/** Prints a dump. */
export async function dump(path: string, { json = false }: DumpOptions): Promise<void> {
  const { head, arena, names } = await readDump(path);
  const view = machineView(arena, names);
  const { program, node, pid, time } = head;
  process.stdout.write(
    json
      ? `${JSON.stringify({ version: 1, verb: 'dump', program, node, pid, time, deadlocks: sentences(view), view })}\n`
      : `${cleanLine(`${program}, process ${pid}, Node ${node}, ${time}`)}\n${viewText(view)}\n`,
  );
}
