/** Contenders of every kind: threads of a machine, programs in other languages, functions of this process. */
import { boot, type Machine } from '../machine/machine.ts';
import type { MachineOptions } from '../machine/config.ts';
import { C, ERLANG, external, GO, type External } from './external.ts';
import type { PeerName } from './peers/names.ts';
import type { Absent, Contender } from './rounds.ts';
import type { Curve } from './rows.ts';

const PROGRAM = new URL(`./program/costs.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/** A machine that runs the program of costs. */
export interface Costs extends AsyncDisposable {
  /** The one that runs now. */
  readonly machine: Machine;
  /** Runs one of its functions on cpu 0, or another; what it returns. */
  readonly ask: <R = number>(name: string, args: readonly unknown[], cpu?: number) => Promise<R>;
  /** Stops it and boots another one like it. */
  readonly renew: () => Promise<void>;
}

/** Boots it. */
export async function bootCosts(options: Omit<MachineOptions, 'program'>): Promise<Costs> {
  const start = (): Promise<Machine> => boot({ program: PROGRAM, ...options });
  let machine = await start();
  return {
    get machine() {
      return machine;
    },
    ask: async (name, args, cpu = 0) => (await machine.spawn(name, args, { cpu })) as never,
    renew: async () => {
      await machine.stop();
      machine = await start();
    },
    [Symbol.asyncDispose]: async () => {
      await machine.stop();
    },
  };
}

/** lwkt, on a machine that is another one each round. */
export function lwkt(
  { renew }: Costs,
  measure: Contender['measure'],
  settings: Pick<Contender, 'step' | 'fixed'> = {},
): Contender {
  return { name: 'lwkt', kind: 'lwkt', measure, renew, ...settings };
}

/** Its curve. */
export function lwktCurve(
  { renew }: Costs,
  at: (x: number) => Contender['measure'],
  settings: Pick<Curve, 'step' | 'fixed'> = {},
): Curve {
  return { name: 'lwkt', kind: 'lwkt', at, renew, ...settings };
}

const LANGUAGES = { native: C, go: GO, erlang: ERLANG } as const;

type Run = Extract<External, { run: unknown }>['run'];

function kindOf(peer: keyof typeof LANGUAGES): 'native' | 'peer' {
  return peer === 'native' ? 'native' : 'peer';
}

/** A program in another language: nothing if it was not asked for, else it or why it cannot run. */
export async function program(
  vs: ReadonlySet<PeerName>,
  peer: keyof typeof LANGUAGES,
  name: string,
  source: string,
  measure: (run: Run, n: number) => Promise<number | readonly number[]>,
  settings: Pick<Contender, 'step' | 'fixed'> = {},
): Promise<(Contender | Absent)[]> {
  if (!vs.has(peer)) return [];
  const kind = kindOf(peer);
  const made = await external(LANGUAGES[peer], source);
  if ('why' in made) return [{ name, kind, why: made.why }];
  return [{ name, kind, ...settings, fresh: true, measure: (n) => measure(made.run, n) }];
}

/** Its curve; what is told instead of measured at a point leaves the point out, with that reason. */
export async function programCurve(
  vs: ReadonlySet<PeerName>,
  peer: keyof typeof LANGUAGES,
  name: string,
  source: string,
  measure: (x: number) => string | ((run: Run, n: number) => Promise<number>),
  settings: Pick<Curve, 'step' | 'fixed'> = {},
): Promise<Curve[]> {
  if (!vs.has(peer)) return [];
  const made = await external(LANGUAGES[peer], source);
  const at: Curve['at'] = (x) => {
    const how = measure(x);
    if ('why' in made) return made.why;
    return typeof how === 'string' ? how : (n) => how(made.run, n);
  };
  return [{ name, kind: kindOf(peer), ...settings, fresh: true, at }];
}

/** The first figure of a program that gets `n`, and before it what is given. */
export function first(...before: (string | number)[]): (run: Run, n: number) => Promise<number> {
  return async (run, n) => (await run(...before, n))[0] ?? NaN;
}

/** What JavaScript can do by itself, if it was asked for. */
export function javascript(
  vs: ReadonlySet<PeerName>,
  name: string,
  measure: (n: number) => Promise<number | readonly number[]> | number,
  settings: Pick<Contender, 'step' | 'fixed'> = {},
): Contender[] {
  return vs.has('js') ? [{ name, kind: 'peer', ...settings, measure: async (n) => measure(n) }] : [];
}

/** Its curve. */
export function javascriptCurve(
  vs: ReadonlySet<PeerName>,
  name: string,
  at: Curve['at'],
  settings: Pick<Curve, 'step' | 'fixed'> = {},
): Curve[] {
  return vs.has('js') ? [{ name, kind: 'peer', at, ...settings }] : [];
}
