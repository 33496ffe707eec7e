#!/usr/bin/env node
/**
 * The command `lwkt`: checks the version of Node before it loads anything that an older one cannot read.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 24 || (major === 24 && minor >= 12)) {
  const { main } = await import('./verbs.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.stderr.write(`lwkt: needs Node.js 24.12 or newer, this is ${process.versions.node}\n`);
  process.exitCode = 2;
}

export {};
