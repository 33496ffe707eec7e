/** The graph of what names what in runtime/, and what the floor plan says about it. */
import { posix } from 'node:path';
import type { Floor } from './floors.ts';
import { edgesOf, type Source } from './scan.ts';

/** A name in one file that stands for another file of runtime/, or for a package. */
export interface Link {
  readonly from: string;
  readonly line: number;
  /** A path in runtime/, `*` for a value, or the specifier of a package. */
  readonly to: string;
  readonly internal: boolean;
  /** Not an import: found at run time. */
  readonly atRunTime: boolean;
}

/** What the package calls its own entries. */
const SELF: Readonly<Record<string, string>> = { lwkt: 'index.ts', 'lwkt/thread': 'lwkt.ts' };

/** All links of some sources with paths from runtime/. */
export function linksOf(sources: readonly Source[]): Link[] {
  return sources.flatMap(({ path, text }) =>
    edgesOf(text).map(({ kind, target, line }): Link => {
      const beside = target.startsWith('.')
        ? posix.join(posix.dirname(path), target.replace(/\.\*$/, '.ts'))
        : target;
      const to = SELF[beside] ?? beside;
      const internal = to !== target || target === '*';
      return { from: path, line, to, internal, atRunTime: kind === 'url' || kind === 'computed' };
    }),
  );
}

interface Place {
  readonly floor: number;
  readonly entry: number;
}

/** Where a file stands. */
function placeOf(path: string, floors: readonly Floor[]): Place | undefined {
  for (const [floor, { entries }] of floors.entries()) {
    const entry = entries.findIndex((name) => (name.endsWith('/') ? path.startsWith(name) : path === name));
    if (entry >= 0) return { floor, entry };
  }
  return undefined;
}

/** Imports that go up or sideways, and files that stand nowhere, one line each. */
export function floorFaults(
  files: readonly string[],
  links: readonly Link[],
  floors: readonly Floor[],
): string[] {
  const faults: string[] = [];
  for (const file of files) {
    if (placeOf(file, floors) === undefined) faults.push(`${file} stands on no floor: place it in floors.ts`);
  }
  for (const { name, entries } of floors) {
    for (const entry of entries.filter((path) => !path.endsWith('/') && !files.includes(path))) {
      faults.push(`${entry} of floor '${name}' does not exist`);
    }
  }
  for (const { from, line, to, internal, atRunTime } of links) {
    if (!internal || atRunTime) continue;
    const a = placeOf(from, floors);
    const b = placeOf(to, floors);
    if (!files.includes(to)) faults.push(`${from}:${line} imports ${to}, which does not exist`);
    if (a === undefined || b === undefined) continue;
    if (b.floor > a.floor || (b.floor === a.floor && b.entry > a.entry)) {
      faults.push(`${from}:${line} imports ${to}, which is not below it`);
    }
  }
  return faults;
}

/** Imports through a wall between floors. */
export function wallFaults(
  links: readonly Link[],
  floors: readonly Floor[],
  walls: readonly { readonly above: readonly string[]; readonly below: readonly string[] }[],
): string[] {
  const nameOf = (path: string): string => {
    const place = placeOf(path, floors);
    return place === undefined ? '' : (floors[place.floor] as Floor).name;
  };
  return links
    .filter(({ internal, atRunTime }) => internal && !atRunTime)
    .filter(({ from, to }) =>
      walls.some(({ above, below }) => above.includes(nameOf(from)) && below.includes(nameOf(to))),
    )
    .map(
      ({ from, line, to }) => `${from}:${line} imports ${to}: ${nameOf(from)} must not know ${nameOf(to)}`,
    );
}

/** Cycles of imports, each as a path that ends where it began. */
export function cycles(links: readonly Link[]): string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to, internal, atRunTime } of links) {
    if (internal && !atRunTime) next.set(from, (next.get(from) ?? new Set()).add(to));
  }
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file].join(' -> '));
    if (at >= 0 || done.has(file)) return;
    for (const to of next.get(file) ?? []) walk(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) walk(file, []);
  return found;
}

/** Run-time edges that are not listed, and listed ones that are gone. */
export function runTimeFaults(
  links: readonly Link[],
  listed: readonly { readonly from: string; readonly to: string }[],
): string[] {
  const found = links.filter(({ atRunTime, internal }) => atRunTime && internal);
  const same = (a: { from: string; to: string }, b: { from: string; to: string }): boolean =>
    a.from === b.from && a.to === b.to;
  return [
    ...found
      .filter((link) => !listed.some((edge) => same(edge, link)))
      .map(({ from, line, to }) => `${from}:${line} names ${to} at run time: not listed in floors.ts`),
    ...listed
      .filter((edge) => !found.some((link) => same(edge, link)))
      .map(({ from, to }) => `floors.ts lists ${from} -> ${to}, which is gone`),
  ];
}
