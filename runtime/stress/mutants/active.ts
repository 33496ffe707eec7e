/** Which mutant this process is, if any. */

let active: string | undefined;

/** Notes the mutant; preload.ts does, before anything else is loaded. */
export function setActiveMutant(name: string): void {
  active = name;
}

/** The name of the mutant, or undefined. */
export function activeMutant(): string | undefined {
  return active;
}
