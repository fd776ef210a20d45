import {Uart, type UartOptions} from '../../../backends/emulated/uart/index.ts';
import {UartConsole, type UartConsoleOptions} from '../../../frontends/emulated/uart/index.ts';
import type {Rig} from '../../conform/rig.ts';
import {type BenchDriver, type BenchJob, forEachGuest} from '../driver.ts';
import {ByteSink} from './byte-sink.ts';
import {createEmulatedGuest, found} from './emulated-guest.ts';

/** As for the ring of the PV console; more would be the same over and over. */
const MAX_BYTES = 2048;

interface Variant {
  name: string;
  about: string;
  uart: UartOptions;
  driver: UartConsoleOptions;
}

/** ttyS0 on a 16550A. */
const uartDriver = ({name, about, uart, driver}: Variant): BenchDriver => ({
  name,
  device: 'console',
  kind: 'emulated',
  about,
  operations: ['out'],
  limits: {minBytes: 1, maxBytes: MAX_BYTES, stepBytes: 1, maxDepth: 1, maxQueues: 1},
  start: (rig, point) => forEachGuest(point, () => connectConsole(rig, uart, driver, point.sizeBytes)),
});

const connectConsole = async (
  rig: Rig,
  uart: UartOptions,
  driver: UartConsoleOptions,
  sizeBytes: number,
): Promise<BenchJob> => {
  const uarts: Uart[] = [];
  const machine = await createEmulatedGuest(rig, (model) => {
    uarts.push(new Uart(model, uart));
    uarts[0].plug();
  });
  const console = found(UartConsole.probe(machine, driver), 'UART');
  const sink = new ByteSink(sizeBytes, (bytes) => console.write(bytes));
  uarts[0].line.output.subscribe((bytes) => sink.take(bytes.length));
  return sink;
};

const variants: readonly Variant[] = [
  {
    name: '16550',
    about: 'ttyS0: 16 characters an interrupt, as fast as a line of 115200 bit/s has room',
    uart: {timing: 'character'},
    driver: {output: 'interrupt'},
  },
  {
    name: '16550-polled',
    about: 'an early console: asks before each character',
    uart: {timing: 'immediate'},
    driver: {output: 'polled'},
  },
];

export const uartDrivers: readonly BenchDriver[] = variants.map(uartDriver);
