/** A host process of its own, whose output a test reads. */
import { boot } from '../../../runtime/index.ts';

const [cpus = '2', lines = '10'] = process.argv.slice(2);
await using machine = await boot({ program: new URL('time.ts', import.meta.url), cpus: Number(cpus) });
await machine.run(Number(lines));
