import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {runJobs} from '../../toolstack/conform/run/pool.ts';
import {temporaryDirectory} from '../support/temporary.ts';

/** Speaks, and does not look whether there is room: HVM_PARAM_CONSOLE_PFN is 17, HVM_PARAM_CONSOLE_EVTCHN 18. */
const FRONTEND = `export const role = 'frontend';
export const type = 'console';
export default ({ops}) => ({
  write(bytes) {
    const {u8, u32} = ops.memory;
    const page = ops.hvmParam(17) * 4096;
    for (const byte of bytes) u8[page + 1024 + u32[(page + 3084) / 4]++ % 2048] = byte;
    ops.evtchnSend(ops.hvmParam(18));
  },
});
`;

/** Serves nobody. */
const BACKEND = `export const role = 'backend';
export const type = 'console';
export default ({onOutput}) => ({write(domid, bytes) { onOutput(domid, bytes); }});
`;

const cases = [
  ['a console driver', FRONTEND, 'CONS-RING-13 frontend/console', 'pass'],
  ['a console driver that overruns its ring', FRONTEND, 'CONS-RING-02 frontend/console', 'fail'],
  ['a console daemon that serves nobody', BACKEND, 'CONS-RING-03 backend/console', 'fail'],
] as const;

for (const [title, text, check, verdict] of cases) {
  test(`--iut judges ${title}`, async (t) => {
    const path = join(temporaryDirectory(t), 'console.mjs');
    writeFileSync(path, text);
    const [result] = await runJobs({iut: {kind: 'module', path}, iutName: 'console', jobs: [{check, seed: 1}]});
    t.is(result.verdict, verdict, result.reason);
  });
}
