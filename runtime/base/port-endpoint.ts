/**
 * A MessagePort as Comlink wants it: with listeners for events. Node's own events of that kind load its whole fetch
 * implementation at the first message, which takes a cpu some 15 ms; the port's plain events do not.
 */
import type { MessagePort } from 'node:worker_threads';

/** The listener part of Comlink's Endpoint. */
export interface PortListeners {
  addEventListener(type: string, listener: Listener): void;
  removeEventListener(type: string, listener: Listener): void;
}

type Listener = ((event: never) => void) | { handleEvent(event: never): void };

/** Listeners of a port for Comlink; it only ever reads `data` of an event. */
export function portListeners(port: MessagePort): PortListeners {
  const known = new Map<Listener, (data: unknown) => void>();
  return {
    addEventListener(type, listener) {
      const heard = (data: unknown): void => {
        const event = { data } as never;
        if (typeof listener === 'function') listener(event);
        else listener.handleEvent(event);
      };
      known.set(listener, heard);
      port.on(type, heard);
    },
    removeEventListener(type, listener) {
      const heard = known.get(listener);
      if (heard !== undefined) port.off(type, heard);
      known.delete(listener);
    },
  };
}
