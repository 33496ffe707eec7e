#!/usr/bin/env node
/**
 * The command `lwkt`: checks the version of Node before it loads anything that an older one cannot read.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 24 || (major === 24 && minor >= 12)) {
  const [{ main }, { setFlagsFromString }] = await Promise.all([import('./verbs.ts'), import('node:v8')]);
  // A thread's loop with the kernel's functions in it is longer than V8's bound for what it compiles as one. Of the whole
  // process, so not done in boot(): README, "In a service".
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=4000');
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.stderr.write(`lwkt: needs Node.js 24.12 or newer, this is ${process.versions.node}\n`);
  process.exitCode = 2;
}

export {};
