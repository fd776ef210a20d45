import test from 'ava';
import {Uart} from '../../backends/emulated/uart/index.ts';
import {UartConsole} from '../../frontends/emulated/uart/index.ts';
import {logAccesses} from '../support/access-log.ts';
import {EmulatedRig} from '../support/emulated-rig.ts';

const THR = 'out 3f8';
const RBR = 'in 3f8';
const LSR = 'in 3fd';
const IIR = 'in 3fa';
const IER = 'out 3f9';
const EOI = 'eoi 4';

const repeat = (count: number, ...accesses: string[]): string[] => Array.from({length: count}, () => accesses).flat();

/** What happens at the ports while `work` is done, to its end. */
const accessesOf = async (
  timing: 'immediate' | 'character',
  output: 'interrupt' | 'polled',
  work: (console: UartConsole, uart: Uart) => void,
): Promise<string[]> => {
  const rig = new EmulatedRig();
  const uart = new Uart(rig.model, {timing});
  uart.plug();
  const {machine, log} = logAccesses(rig.machine);
  const console = UartConsole.probe(machine, {output});
  if (console === undefined) throw new Error('no UART found');
  log.length = 0;
  work(console, uart);
  await rig.schedule.sleep(1e9);
  return log;
};

const text = 'x'.repeat(160);

// Published: 2 a byte polled, about 1.2 with FIFO interrupts; input 2 a byte.
test('polled output: LSR and THR for each byte, 2 exits', async (t) => {
  const accesses = await accessesOf('immediate', 'polled', (console) => console.write(text));
  t.deepEqual(accesses, repeat(160, LSR, THR));
});

test('polled output at the speed of the wire: LSR once more while it is busy, 3 exits a byte at most', async (t) => {
  const accesses = await accessesOf('character', 'polled', (console) => console.write(text));
  t.is(accesses.filter((access) => access === THR).length, 160);
  t.is(accesses.length, 160 * 2 + accesses.join().split(`${LSR},${LSR}`).length - 1);
  t.true(accesses.length <= 160 * 3);
});

test('output by interrupts: IIR twice and an EOI for 16 bytes, 1.19 exits a byte', async (t) => {
  const accesses = await accessesOf('character', 'interrupt', (console) => console.write(text));
  const full = [IIR, ...repeat(16, THR), IIR, EOI];
  t.deepEqual(accesses, [IER, ...repeat(10, ...full), IIR, IER, IIR, EOI]);
  t.is(full.length / 16, 1.1875);
});

test('output by interrupts to a UART that takes no time: all in one interrupt, 1.06 exits a byte', async (t) => {
  const accesses = await accessesOf('immediate', 'interrupt', (console) => console.write(text));
  t.deepEqual(accesses, [IER, ...repeat(10, IIR, ...repeat(16, THR)), IIR, IER, IIR, EOI, IIR, EOI]);
});

test('input by interrupts: LSR and RBR for each byte, 2.5 exits with what ends an interrupt of 8', async (t) => {
  const accesses = await accessesOf('character', 'interrupt', (_, uart) => uart.line.write(new Uint8Array(16)));
  const eight = [IIR, ...repeat(8, LSR, RBR), LSR, IIR, EOI];
  t.deepEqual(accesses, repeat(2, ...eight));
});
