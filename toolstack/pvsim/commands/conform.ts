import type {Argv, CommandModule} from 'yargs';
import type {MatrixCommand} from '../../conform/cli/matrix.ts';
import type {ReplayCommand, RunCommand} from '../../conform/cli/run.ts';
import type {Selection} from '../../conform/cli/select.ts';

const severities = ['MUST', 'SHOULD', 'MAY'] as const;
const profiles = ['xen', 'linux', 'qemu', 'windows', 'mirage', 'bsd'] as const;
const formats = ['table', 'tap', 'junit', 'json', 'html'] as const;

const selection = (parser: Argv) =>
  parser
    .option('protocol', {type: 'string', array: true, requiresArg: true, describe: 'RING, GRANT, XENBUS, BLKIF, ...'})
    .option('side', {type: 'string', array: true, requiresArg: true, describe: 'frontend, backend, ...'})
    .option('severity', {choices: severities, array: true, requiresArg: true, describe: 'How binding a clause is'})
    .option('id', {type: 'string', array: true, requiresArg: true, describe: 'Clauses that begin so: RING-IDX'});

const daemon = (parser: Argv) =>
  parser
    .option('xenstored', {
      type: 'string',
      requiresArg: true,
      describe: 'Socket of a store to judge: its /conform and domains 1 to 3 are used',
    })
    .option('domain-sockets', {
      type: 'string',
      requiresArg: true,
      implies: 'xenstored',
      describe: 'Directory where it has a socket domN.sock for each domain',
    });

const kernel = (parser: Argv) =>
  parser
    .option('kernel', {
      type: 'string',
      requiresArg: true,
      describe: 'Kernel for the x86 engine, or where "pvsim image build" put one: its own frontends are judged',
    })
    .option('initrd', {
      type: 'string',
      requiresArg: true,
      implies: 'kernel',
      describe: 'Its first file system: a shell on hvc0',
    })
    .option('cmdline', {type: 'string', requiresArg: true, implies: 'kernel', describe: 'Its command line'});

const running = (parser: Argv) =>
  kernel(daemon(selection(parser)))
    .option('iut', {
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'Module with a driver to judge instead of our own',
    })
    .option('profile', {
      choices: profiles,
      array: true,
      requiresArg: true,
      describe: 'Hold it to what these implementations do, too',
    })
    .option('seed', {type: 'number', default: 1, requiresArg: true, describe: 'Seed of the first run of each check'})
    .option('threads', {type: 'number', requiresArg: true, describe: 'As many as processors by default'})
    .option('limit-ms', {type: 'number', requiresArg: true, describe: 'Time that one check may take'})
    .option('format', {choices: formats, default: 'table' as const, describe: 'Of the report'})
    .option('out', {type: 'string', requiresArg: true, describe: 'File for the report'});

const runner = (
  command: string,
  describe: string,
  start: 'runConform' | 'runMutants' | 'runAttacks',
): CommandModule => ({
  command,
  describe,
  builder: running,
  handler: async (given) => (await import('../../conform/cli/run.ts'))[start](given as unknown as RunCommand),
});

const listCommand: CommandModule = {
  command: 'list',
  describe: 'List clauses, and whether there is a check',
  builder: selection,
  handler: async (given) => {
    const [{listClauses}, {selectClauses}, {checks}] = await Promise.all([
      import('../../conform/cli/list.ts'),
      import('../../conform/cli/select.ts'),
      import('../../conform/checks/index.ts'),
    ]);
    process.stdout.write(listClauses(selectClauses(given as Selection), checks));
  },
};

const showCommand: CommandModule<object, {clause: string}> = {
  command: 'show <clause>',
  describe: 'Tell all about one clause or advisory',
  builder: (parser) => parser.positional('clause', {type: 'string', demandOption: true}),
  handler: async ({clause}) => {
    const {showClause} = await import('../../conform/cli/list.ts');
    const {checks} = await import('../../conform/checks/index.ts');
    const {attacks} = await import('../../conform/attacks/index.ts');
    process.stdout.write(showClause(clause, [...checks, ...attacks]));
  },
};

const replayCommand: CommandModule<object, ReplayCommand> = {
  command: 'replay <check>',
  describe: "Run a check's one seed again and print what both sides did",
  builder: (parser) =>
    kernel(daemon(parser))
      .positional('check', {type: 'string', demandOption: true, describe: '"RING-LAY-06 backend/vbd"'})
      .option('seed', {
        type: 'string',
        default: '1',
        requiresArg: true,
        describe: 'As the report has it: 7, or 7:0.2.1',
      })
      .option('iut', {type: 'string', requiresArg: true, describe: 'Module with the driver'})
      .option('mutant', {type: 'string', requiresArg: true, describe: 'Fault to seed in our own driver'}),
  handler: async (given) => (await import('../../conform/cli/run.ts')).replay(given),
};

const matrixCommand: CommandModule<object, MatrixCommand> = {
  command: 'matrix <reports..>',
  describe: 'Join reports of "run --format json" to a matrix: clauses by implementations',
  builder: (parser) =>
    parser
      .positional('reports', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'FILE of "--format json", or NAME=FILE',
      })
      .option('format', {
        choices: ['markdown', 'html'] as const,
        default: 'markdown' as const,
        describe: 'Of the matrix',
      })
      .option('out', {type: 'string', requiresArg: true, describe: 'File for the matrix'}),
  handler: async (given) => (await import('../../conform/cli/matrix.ts')).printMatrix(given),
};

export const conformCommand: CommandModule = {
  command: 'conform',
  describe: 'Say which clauses of the PV protocols a driver keeps and which it breaks',
  builder: (parser) =>
    [
      listCommand,
      showCommand,
      runner('run', 'Check an implementation', 'runConform'),
      runner('mutants', 'Seed faults in our own drivers and see that each is caught', 'runMutants'),
      runner('attack', 'Play security advisories against an implementation', 'runAttacks'),
      replayCommand,
      matrixCommand,
    ]
      .reduce((each, command) => each.command(command as CommandModule), parser)
      .demandCommand(1, 'a command is missing'),
  handler: () => undefined,
};
