#!/usr/bin/env node
/**
 * `npx lwkt` in the checkout, as node_modules/.bin/lwkt. For a command of the root package itself npx makes an install
 * of its own, and warns that the machine's Node.js is too old for it.
 */
import '../runtime/cli/main.ts';
