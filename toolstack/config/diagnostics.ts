import type {Diagnostic} from './config-error.ts';

/** Text of the end-of-input token: the scanner's buffer ends in a NUL, so the real message quotes an empty string. */
export const END_TEXT = '\0';

const PYTHON_HINT = [
  'warning: Config file looks like it contains Python code.',
  'warning:  Arbitrary Python is no longer supported.',
  'warning:  See https://wiki.xen.org/wiki/PythonInXlConfig',
];

/** Where the scanner stands when something is wrong. */
export type ErrorSite = {
  /** The piece of text that the scanner has just matched. */
  near: string;
  /** True place of that text. */
  line: number;
  column: number;
  /** The line number the real scanner holds; where `near` ends a line it may be one ahead. */
  scannerLine: number;
};

/** Collects the lines that the real parser prints, in its order and with its rule for leaving some out. */
export class DiagnosticLog {
  readonly diagnostics: Diagnostic[] = [];
  likelyPython = false;
  readonly #fileName: string;
  #lexicalErrorLine = 0;

  constructor(fileName: string) {
    this.#fileName = fileName;
  }

  get failed(): boolean {
    return this.diagnostics.length > 0;
  }

  /** All lines for stderr. */
  get lines(): string[] {
    const texts = this.diagnostics.map(({text}) => text);
    return this.likelyPython ? [...texts, ...PYTHON_HINT] : texts;
  }

  syntaxError(site: ErrorSite, message: string): void {
    // One lexical error makes the rest of its line worthless.
    if (site.scannerLine <= this.#lexicalErrorLine) return;
    const endsLine = site.near.endsWith('\n');
    const shownLine = endsLine ? site.scannerLine - 1 : site.scannerLine;
    const text = `${this.#fileName}:${shownLine}: config parsing error near ${quoted(site.near)}: ${message}`;
    this.diagnostics.push({text, line: site.line, column: site.column});
  }

  lexicalError(site: ErrorSite, message: string): void {
    this.syntaxError(site, message);
    this.#lexicalErrorLine = site.scannerLine;
  }
}

/** The matched text as messages show it: up to a NUL, without the newline and trailing blanks. */
const quoted = (near: string): string => {
  if (near === '\n') return '<newline>';
  let end = near.endsWith('\n') ? near.length - 1 : near.length;
  while (end > 0 && ' \t'.includes(near.charAt(end - 1))) end--;
  return `\`${near.slice(0, end).split('\0', 1)[0]}'`;
};
