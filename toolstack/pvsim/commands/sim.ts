import type {CommandModule} from 'yargs';
import type {SimCommand} from '../../sim/cli.ts';
import type {FaultProfileName, ProfileName} from '../../sim/profiles.ts';

const profiles: readonly ProfileName[] = ['small', 'large', 'disk', 'net'];
const faults: readonly FaultProfileName[] = ['all', 'none', 'events', 'grants', 'store', 'disks', 'frames', 'drivers'];

export const simCommand: CommandModule = {
  command: 'sim',
  describe: 'Simulate whole hosts from seeds, with faults, and check that nothing is lost, leaked or stuck',
  builder: (parser) =>
    parser
      .option('seeds', {type: 'string', requiresArg: true, describe: 'FIRST..LAST; 1..1000 by default'})
      .option('seed', {type: 'number', requiresArg: true, describe: 'Run this one again and print its trace'})
      .option('without', {type: 'string', requiresArg: true, describe: 'Of --seed: parts to leave out: guest2,calls=3'})
      .option('profile', {choices: profiles, default: 'small' as const, describe: 'What hosts are made, and how large'})
      .option('faults', {choices: faults, default: 'all' as const, describe: 'What may go wrong'})
      .option('mutant', {type: 'string', requiresArg: true, describe: 'Fault to seed in our own drivers'})
      .option('referee', {type: 'boolean', default: false, describe: 'Judge every step by the clauses, too'})
      .option('threads', {type: 'number', requiresArg: true, describe: 'As many as processors by default'})
      .option('max-failures', {type: 'number', default: 5, requiresArg: true, describe: 'Stop after so many'})
      .option('shrink', {type: 'boolean', default: true, describe: 'Make the first failure as small as it goes'})
      .option('tail', {type: 'number', default: 40, requiresArg: true, describe: 'Trace lines that --seed prints'})
      .conflicts('seed', 'seeds'),
  handler: async (given) => (await import('../../sim/cli.ts')).runSim(given as unknown as SimCommand),
};
