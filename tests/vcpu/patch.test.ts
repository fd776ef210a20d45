import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import test from 'ava';
import {patchCore, UnknownCoreError} from '../../hypervisor/vcpu/x86/index.ts';

const core = readFileSync(createRequire(import.meta.url).resolve('v86/build/v86.wasm'));
/** The smallest module there is. */
const EMPTY_MODULE = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** v86.wasm with the first occurrence of a text replaced by another of the same length. */
const renamed = (from: string, to: string): Uint8Array => {
  const copy = Buffer.from(core);
  copy.write(to, copy.indexOf(from), 'latin1');
  return copy;
};

test('the patched core is a valid module, smaller without its names', (t) => {
  const patched = patchCore(core);
  t.true(WebAssembly.validate(patched));
  t.true(patched.length < core.length);
});

const foreign: readonly [title: string, module: Uint8Array, reason: RegExp][] = [
  ['not WebAssembly', Buffer.from('GIF89a, or something else'), /not a WebAssembly module/],
  ['an empty file', new Uint8Array(), /not a WebAssembly module/],
  ['a module without sections', new Uint8Array([...EMPTY_MODULE, 0, 0]), /no section 2/],
  ['no import of the name', renamed('io_port_read32', 'io_port_read3x'), /does not import io_port_read32/],
  ['no export of the name', renamed('instr_0FA2', 'instr_0FAx'), /does not export instr_0FA2/],
  ['another shape of the #UD function', renamed('instr32_0F01_0_reg', 'instr32_0F01_0_rxg'), /does not export instr32/],
];

for (const [title, module, reason] of foreign) {
  test(`an unknown build is refused: ${title}`, (t) => {
    t.throws(() => patchCore(module), {instanceOf: UnknownCoreError, message: reason});
  });
}
