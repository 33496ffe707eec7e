/** A number and what it counts: `1 thread`, `2 threads`. */
export function counted(n: number, one: string, more = `${one}s`): string {
  return `${n} ${n === 1 ? one : more}`;
}
