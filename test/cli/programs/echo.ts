import { kthread, mycpu, ncpus } from 'lwkt/thread';

/** Prints its arguments and the number of cpus, returns the number of arguments. */
export default kthread(function* main(...args: string[]) {
  console.log(`cpu ${mycpu()} of ${ncpus()}: ${args.join(' ')}`);
  return args.length;
});
