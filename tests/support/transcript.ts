import {readFixture} from './fixtures.ts';

/** One command of a recording on a real Xen host. */
export interface Step {
  readonly args: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

/** The steps of a golden file, without the program's name. No argument there holds a blank. */
export const readTranscript = (...path: string[]): Step[] =>
  Array.from(
    readFixture(...path).matchAll(
      /^\$ \S+ ?(?<args>.*)\n--- stdout\n(?<stdout>[^]*?)--- stderr\n(?<stderr>[^]*?)--- exit (?<status>\d+)$/gm,
    ),
    ({groups}) => {
      const {args = '', stdout = '', stderr = '', status} = groups ?? {};
      return {args: args.split(' ').filter((word) => word !== ''), stdout, stderr, status: Number(status)};
    },
  );

export const stepFor = (steps: readonly Step[], command: string): Step => {
  const step = steps.find(({args}) => args.join(' ') === command);
  if (step === undefined) throw new Error(`no "${command}" in the transcript`);
  return step;
};
