/**
 * The host's end of the control plane: one Comlink endpoint for each cpu, which rings the cpu's doorbell with every
 * message, since a cpu that sleeps or computes does not look at its ports.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { wrap, releaseProxy, type Endpoint, type Remote } from 'comlink';
import { portListeners } from '../base/port-endpoint.ts';
import type { CpuControl } from '../base/protocol.ts';
import type { Arena } from '../shared-memory/arena.ts';
import { BELL_CONTROL, ringBell } from '../shared-memory/doorbell.ts';
import { Globaldata } from '../shared-memory/layout/globaldata.ts';
import { globaldataOf } from '../shared-memory/layout/memory-map.ts';
import { addA } from '../shared-memory/word.ts';

/** One cpu's control. */
export interface Control {
  readonly remote: Remote<CpuControl>;
  /** The cpu's end, to be sent to its worker. */
  readonly port: MessagePort;
  close(): void;
}

/** Makes the control channel of one cpu. */
export function openControl(arena: Arena, cpu: number): Control {
  const { port1, port2 } = new MessageChannel();
  const gd = globaldataOf(arena.map, cpu);
  const endpoint: Endpoint = {
    postMessage(message: unknown) {
      // Counted first: the cpu turns its event loop until it has seen this many.
      addA(arena.m, gd, Globaldata.control, 1);
      port1.postMessage(message);
      ringBell(arena.m, gd, BELL_CONTROL);
    },
    ...portListeners(port1),
    start: () => port1.start(),
  };
  const remote = wrap<CpuControl>(endpoint);
  return {
    remote,
    port: port2,
    close: () => {
      remote[releaseProxy]();
      port1.close();
    },
  };
}
