/** One complaint of the parser: the line that xl prints, and the true place. Lines and columns count from 1. */
export type Diagnostic = {text: string; line: number; column: number};

export type ConfigErrorPlace = {file?: string; line?: number; column?: number};

/** xl's exit status for a bad configuration. @see golden/cli/create-errors.txt */
export const EXIT_BAD_CONFIG = 1;

/**
 * A configuration that xl refuses. `lines` is everything xl prints about it on stderr, warnings before the fatal line
 * included, without newlines; `message` is the same text joined.
 */
export class ConfigError extends Error {
  readonly lines: readonly string[];
  readonly exitCode: number;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly diagnostics: readonly Diagnostic[];

  constructor(
    lines: readonly string[],
    place: ConfigErrorPlace = {},
    more: {exitCode?: number; diagnostics?: readonly Diagnostic[]} = {},
  ) {
    super(lines.join('\n'));
    this.name = 'ConfigError';
    this.lines = lines;
    this.exitCode = more.exitCode ?? EXIT_BAD_CONFIG;
    this.file = place.file;
    this.line = place.line;
    this.column = place.column;
    this.diagnostics = more.diagnostics ?? [];
  }
}
