import { kthread } from 'lwkt/thread';

// More than types: Node's own stripping refuses it.
enum Color {
  Red = 4,
}

export default kthread(function* main() {
  return Color.Red;
});
