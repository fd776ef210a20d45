import {strerror} from './strerror.ts';

/** Exit status of a program that SIGPIPE ended. */
const EXIT_SIGPIPE = 141;

/** Whoever reads our output may leave, as after `xl list | head -1`: we end as silently as other programs then. */
export const endWhenOutputBreaks = (program: string): void => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(EXIT_SIGPIPE);
      if (stream === process.stdout) process.stderr.write(`${program}: standard output: ${strerror(error)}\n`);
      process.exit(1);
    });
  }
};
