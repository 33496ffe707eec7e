export default function* main(): Generator<unknown, number, unknown> {
  yield 1;
  return 1;
}
