import test from 'ava';
import {Uart, type UartOptions} from '../../backends/emulated/uart/index.ts';
import {UartConsole, type UartConsoleOptions} from '../../frontends/emulated/uart/index.ts';
import {EmulatedRig} from '../support/emulated-rig.ts';

const stand = (uartOptions: UartOptions, driverOptions: UartConsoleOptions = {}) => {
  const rig = new EmulatedRig();
  const uart = new Uart(rig.model, uartOptions);
  uart.plug();
  const console = UartConsole.probe(rig.machine, driverOptions);
  if (console === undefined) throw new Error('no UART found');
  let output = '';
  let input = '';
  uart.line.output.subscribe((bytes) => (output += new TextDecoder().decode(bytes)));
  console.input.subscribe((bytes) => (input += new TextDecoder().decode(bytes)));
  return {rig, uart, console, output: () => output, input: () => input};
};

const text = Array.from({length: 200}, (_, i) => `line ${i}\r\n`).join('');

for (const timing of ['immediate', 'character'] as const) {
  for (const output of ['interrupt', 'polled'] as const) {
    test(`${output} output arrives, ${timing} timing`, async (t) => {
      const port = stand({timing}, {output});
      port.console.write(text);
      await port.rig.run(() => port.console.room(0));
      await port.rig.schedule.sleep(1e9);
      t.is(port.output(), text);
      port.console.write('again');
      await port.rig.schedule.sleep(1e9);
      t.is(port.output(), `${text}again`);
      t.is(port.uart.stats().lostOutBytes, 0);
    });
  }

  test(`input arrives while there is output, ${timing} timing`, async (t) => {
    const port = stand({timing});
    port.uart.line.write(new TextEncoder().encode(text));
    port.console.write(text);
    await port.rig.schedule.sleep(1e9);
    t.is(port.input(), text);
    t.is(port.output(), text);
    t.is(port.console.stats().overruns, 0);
  });
}

test('COM2 is another port', async (t) => {
  const port = stand({place: 'com2'}, {place: 'com2'});
  t.is(UartConsole.probe(port.rig.machine), undefined);
  port.console.write('hello');
  await port.rig.schedule.sleep(1);
  t.is(port.output(), 'hello');
  t.is(String(port.console), 'uart at 0x2f8 irq=3 fifo=16 queued=0');
});

test('after close the UART is silent', async (t) => {
  const port = stand({});
  port.console.close();
  port.console.write('lost');
  port.uart.line.write(new Uint8Array([1, 2, 3]));
  await port.rig.schedule.sleep(1e9);
  t.is(port.output() + port.input(), '');
});
