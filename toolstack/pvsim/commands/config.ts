import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';
import type {Argv, CommandModule} from 'yargs';
import {ToolstackError} from '../../errors.ts';
import {strerror} from '../../strerror.ts';

const STDIN = '-';
const EXIT_BAD = 1;

const readText = (file: string): string => {
  try {
    return readFileSync(file === STDIN ? process.stdin.fd : file, 'utf8');
  } catch (error) {
    throw new ToolstackError('ENOENT', `pvsim: ${file}: ${strerror(error as NodeJS.ErrnoException)}`);
  }
};

const lintCommand: CommandModule<object, {files: string[]}> = {
  command: 'lint <files..>',
  describe: 'Explain what is wrong or doubtful in xl.cfg files, with places and suggestions',
  builder: (parser) =>
    parser.positional('files', {type: 'string', array: true, demandOption: true, describe: 'Config files; - is stdin'}),
  handler: async ({files}) => {
    const {lintConfig, renderFinding} = await import('../../config/lint/index.ts');
    for (const file of files) {
      const text = readText(file);
      const findings = lintConfig(text, file);
      const lines = text.split('\n');
      for (const finding of findings) process.stdout.write(`${renderFinding(finding, file, lines)}\n`);
      if (findings.some(({severity}) => severity === 'error')) process.exitCode = EXIT_BAD;
    }
  },
};

/** A question to the parser: the fields of one JSON object of a batch. */
type Question = Readonly<Record<string, unknown>>;

/** Answers a question with the recorded corpora's fields; undefined if the question lacks its own. */
type Answer = (question: Question) => Promise<object | undefined>;

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const facts = () => import('../../config/facts/index.ts');

const ANSWERS: Readonly<Record<string, {wants: string; answer: Answer}>> = {
  parse: {
    wants: '{"text"}, and "file" for its name in messages',
    answer: async ({text, file}) =>
      typeof text === 'string'
        ? (await facts()).parseFacts(text, typeof file === 'string' ? file : 'f.cfg')
        : undefined,
  },
  disk: {
    wants: '{"spec"} or {"args"}',
    answer: async ({spec, args}) => {
      const specs = typeof spec === 'string' ? [spec] : args;
      return isStrings(specs) ? (await facts()).diskFacts(specs) : undefined;
    },
  },
  vif: {
    wants: '{"spec"}, and "file" for its name in messages',
    answer: async ({spec, file}) =>
      typeof spec === 'string' ? (await facts()).vifFacts(spec, typeof file === 'string' ? file : 'v.cfg') : undefined,
  },
  rate: {
    wants: '{"rate"}',
    answer: async ({rate}) => (typeof rate === 'string' ? (await facts()).rateFacts(rate) : undefined),
  },
  cpus: {
    wants: '{"cpus"}',
    answer: async ({cpus}) => {
      if (typeof cpus !== 'string') return undefined;
      const {DEFAULT_TOPOLOGY} = await import('../../config/domain-config.ts');
      return (await facts()).cpusFacts(cpus, DEFAULT_TOPOLOGY);
    },
  },
};

/** One JSON object a line in, the same with its answer out; a line that is no question is answered with its error. */
const answerBatch = async (kind: string): Promise<void> => {
  const {encodeJson} = await facts();
  for await (const line of createInterface({input: process.stdin, crlfDelay: Infinity})) {
    if (line.trim() === '') continue;
    const question = parseObject(line);
    const answer = question && (await ANSWERS[kind].answer(question));
    const reply = answer ? {...question, ...answer} : {...question, error: `not ${ANSWERS[kind].wants}`};
    if (!process.stdout.write(`${encodeJson(reply)}\n`)) {
      await new Promise<void>((resume) => process.stdout.once('drain', () => resume()));
    }
  }
};

const parseObject = (line: string): Question | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Question) : undefined;
  } catch {
    return undefined;
  }
};

const answerOne = async (kind: string, question: Question): Promise<void> => {
  const {encodeJson} = await facts();
  const answer = await ANSWERS[kind].answer(question);
  process.stdout.write(`${encodeJson(answer)}\n`);
  if (answer && isRefusal(answer)) process.exitCode = EXIT_BAD;
};

const isRefusal = (answer: object): boolean =>
  ('ok' in answer && answer.ok === false) || ('exit' in answer && answer.exit !== 0);

interface QuestionArguments {
  operands?: string[];
  batch?: boolean;
}

/** A command that answers one question from its operands, or many from stdin. */
const questionCommand = (
  kind: string,
  operand: string,
  describe: string,
  question: (operands: readonly string[]) => Question,
): CommandModule<object, QuestionArguments> => ({
  command: `${kind} [operands..]`,
  describe: `${describe}: ${kind} ${operand}`,
  builder: (parser: Argv): Argv<QuestionArguments> =>
    parser
      .positional('operands', {type: 'string', array: true, describe: operand})
      .option('batch', {type: 'boolean', describe: `Read a JSON object a line: ${ANSWERS[kind].wants}`})
      .check(({operands, batch}) => {
        if (batch === true || (operands as string[]).length > 0) return true;
        throw new ToolstackError('EINVAL', `pvsim: ${operand} or --batch is missing`, 2);
      }),
  handler: async ({operands = [], batch}) =>
    batch === true ? answerBatch(kind) : answerOne(kind, question(operands.map(String))),
});

const subcommands = [
  lintCommand,
  questionCommand('parse', 'FILE', 'Print the settings of an xl.cfg file', ([file]) => ({text: readText(file), file})),
  questionCommand('disk', 'SPEC...', 'Print what xl makes of a disk', (args) => ({args})),
  questionCommand('vif', 'SPEC', 'Print what xl makes of an interface', ([spec]) => ({spec, file: 'v.cfg'})),
  questionCommand('rate', 'RATE', "Print what xl makes of an interface's rate", ([rate]) => ({rate})),
  questionCommand('cpus', 'LIST', 'Print what xl makes of a list of CPUs', ([cpus]) => ({cpus})),
];

export const configCommand: CommandModule = {
  command: 'config',
  describe: 'Read xl.cfg files as xl does, and explain them',
  builder: (parser) =>
    subcommands
      .reduce((each, command) => each.command(command as CommandModule), parser)
      .demandCommand(1, 'a command is missing'),
  handler: () => {},
};
