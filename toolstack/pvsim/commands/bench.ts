import type {Argv, CommandModule} from 'yargs';
import type {CompareCommand} from '../../bench/cli/compare.ts';
import type {BenchCommand} from '../../bench/cli/run.ts';
import {paperCommand} from './bench-paper.ts';

const list = (describe: string) => ({type: 'string', requiresArg: true, describe}) as const;

const sweep = (parser: Argv) =>
  parser
    .positional('device', {type: 'string', default: 'all', describe: 'block, net, console, scsi or all'})
    .option('drivers', list('By name, or all of a kind: pv,emulated; all by default'))
    .option('sizes', list('Bytes of an I/O: 512,4K,1M'))
    .option('packet-sizes', list('Bytes of a frame: 60,1514'))
    .option('depths', list('I/Os that a guest has under way at once: 1,8,32'))
    .option('queues', list('Queues of a device: 1,4'))
    .option('guests', list('Guests that do the same at once: 1,8'));

/** What a Linux guest does is given. */
const forOurGuests = [
  'drivers',
  'sizes',
  'packet-sizes',
  'depths',
  'queues',
  'guests',
  'price',
  'setup',
  'report',
  'plot',
];

const runCommand: CommandModule<object, BenchCommand> = {
  command: '$0 [device]',
  describe: 'Sweep drivers over sizes, depths, queues and guests',
  builder: (parser) =>
    sweep(parser)
      .option('price', list('Price list that modelled times are from: NAME, or NAME,PRICE=NS,...'))
      .option(
        'setup',
        list('What lies around the path in modelled times: path (nothing), kernels, gigabit, ten-gigabit'),
      )
      .option('report', list('File for a report with plots: HTML'))
      .option('plot', list('File for a picture of throughput over size: SVG'))
      .option('json', {type: 'string', describe: 'File for the results; without a name they go to stdout'})
      .option('linux', {
        type: 'string',
        describe: 'Compare the drivers of one Linux guest: the directory of its image, debian by default',
      })
      .conflicts('linux', forOurGuests)
      .option('seed', {type: 'number', default: 1, requiresArg: true, describe: 'Of the hosts'}) as Argv<BenchCommand>,
  handler: async (given) => (await import('../../bench/cli/run.ts')).runBench(given),
};

const compareCommand: CommandModule<object, CompareCommand> = {
  command: 'compare <before> <after>',
  describe: 'Say what has changed between two files of --json, and how surely',
  builder: (parser) =>
    parser
      .positional('before', {type: 'string', demandOption: true})
      .positional('after', {type: 'string', demandOption: true})
      .option('least-change', {
        type: 'number',
        default: 5,
        requiresArg: true,
        describe: 'Percent of a measured time that are of no interest',
      }) as unknown as Argv<CompareCommand>,
  handler: async (given) => (await import('../../bench/cli/compare.ts')).runCompare(given),
};

const driversCommand: CommandModule = {
  command: 'drivers',
  describe: 'List the drivers that are compared, and what they can do',
  handler: async () => (await import('../../bench/cli/drivers.ts')).listDrivers(),
};

export const benchCommand: CommandModule = {
  command: 'bench',
  describe: 'Compare paravirtual with emulated I/O: counted, modelled, measured',
  builder: (parser) =>
    [runCommand, driversCommand, compareCommand, paperCommand].reduce(
      (each, command) => each.command(command as CommandModule),
      parser,
    ),
  handler: () => undefined,
};
