/** How a line ended. `eof`: ^D on an empty line. */
export type LineResult = {kind: 'line'; text: string} | {kind: 'interrupt'} | {kind: 'eof'};

export interface Keystroke {
  /** What the terminal is to show. */
  echo: string;
  /** Set when the line is over. */
  result?: LineResult;
}

const MAX_LINE = 4096;
const MAX_ESCAPE = 8;
const BELL = '\x07';
const CLEAR_TO_END = '\x1b[K';
const CLEAR_SCREEN = '\x1b[2J\x1b[H';

/** Edits one line on a terminal, as far as people's fingers expect it. Knows nothing of where keys come from. */
export class LineEditor {
  private readonly prompt: string;
  private readonly history: readonly string[];
  /** Code points, so that a backspace takes a whole character. */
  private chars: string[] = [];
  private cursor = 0;
  /** Index into history; its length stands for the line being typed, which is kept in `draft`. */
  private recalled: number;
  private draft: string[] = [];
  private escape = '';

  constructor(prompt: string, history: readonly string[]) {
    this.prompt = prompt;
    this.history = history;
    this.recalled = history.length;
  }

  /** One code point from the keyboard. */
  feed(key: string): Keystroke {
    if (this.escape !== '') return this.feedEscape(key);
    const action = controlKeys[key];
    if (action !== undefined) return action(this);
    if (key < ' ') return {echo: BELL};
    return this.insert(key);
  }

  /** Shows prompt and line anew, wherever the cursor is in its row. */
  redraw(): string {
    const back = this.chars.length - this.cursor;
    return `\r${this.prompt}${this.chars.join('')}${CLEAR_TO_END}${back > 0 ? `\x1b[${back}D` : ''}`;
  }

  startEscape(): Keystroke {
    this.escape = '\x1b';
    return {echo: ''};
  }

  accept(): Keystroke {
    return {echo: '\r\n', result: {kind: 'line', text: this.chars.join('')}};
  }

  interrupt(): Keystroke {
    return {echo: '^C\r\n', result: {kind: 'interrupt'}};
  }

  endOrDelete(): Keystroke {
    return this.chars.length === 0
      ? {echo: '\r\n', result: {kind: 'eof'}}
      : this.deleteRange(this.cursor, this.cursor + 1);
  }

  backspace(): Keystroke {
    return this.deleteRange(this.cursor - 1, this.cursor);
  }

  deleteRange(from: number, to: number): Keystroke {
    if (from < 0 || from >= to || from >= this.chars.length) return {echo: ''};
    this.chars.splice(from, to - from);
    this.cursor = from;
    return {echo: this.redraw()};
  }

  killToStart(): Keystroke {
    return this.deleteRange(0, this.cursor);
  }

  killToEnd(): Keystroke {
    return this.deleteRange(this.cursor, this.chars.length);
  }

  killWord(): Keystroke {
    let from = this.cursor;
    while (from > 0 && this.chars[from - 1] === ' ') from--;
    while (from > 0 && this.chars[from - 1] !== ' ') from--;
    return this.deleteRange(from, this.cursor);
  }

  clearScreen(): Keystroke {
    return {echo: CLEAR_SCREEN + this.redraw()};
  }

  moveTo(cursor: number): Keystroke {
    this.cursor = Math.max(0, Math.min(cursor, this.chars.length));
    return {echo: this.redraw()};
  }

  moveBy(distance: number): Keystroke {
    return this.moveTo(this.cursor + distance);
  }

  moveToEnd(): Keystroke {
    return this.moveTo(this.chars.length);
  }

  deleteForward(): Keystroke {
    return this.deleteRange(this.cursor, this.cursor + 1);
  }

  recall(step: number): Keystroke {
    const next = this.recalled + step;
    if (next < 0 || next > this.history.length) return {echo: BELL};
    if (this.recalled === this.history.length) this.draft = this.chars;
    this.recalled = next;
    this.chars = next === this.history.length ? this.draft : Array.from(this.history[next]);
    return this.moveToEnd();
  }

  private insert(key: string): Keystroke {
    if (this.chars.length >= MAX_LINE) return {echo: BELL};
    this.chars.splice(this.cursor++, 0, key);
    return {echo: this.cursor === this.chars.length ? key : this.redraw()};
  }

  /** Collects a sequence: ESC, [ or O, parameters, and a final character. */
  private feedEscape(key: string): Keystroke {
    const sequence = this.escape + key;
    const isOpen = /^(O|\[[0-9;]*)$/.test(sequence.slice(1));
    if (isOpen && sequence.length < MAX_ESCAPE) {
      this.escape = sequence;
      return {echo: ''};
    }
    this.escape = '';
    return escapeSequences[sequence]?.(this) ?? {echo: ''};
  }
}

type Action = (editor: LineEditor) => Keystroke;

const controlKeys: Readonly<Record<string, Action>> = {
  '\r': (editor) => editor.accept(),
  '\n': (editor) => editor.accept(),
  '\x01': (editor) => editor.moveTo(0),
  '\x02': (editor) => editor.moveBy(-1),
  '\x03': (editor) => editor.interrupt(),
  '\x04': (editor) => editor.endOrDelete(),
  '\x05': (editor) => editor.moveToEnd(),
  '\x06': (editor) => editor.moveBy(1),
  '\x08': (editor) => editor.backspace(),
  '\x0b': (editor) => editor.killToEnd(),
  '\x0c': (editor) => editor.clearScreen(),
  '\x0e': (editor) => editor.recall(1),
  '\x10': (editor) => editor.recall(-1),
  '\x15': (editor) => editor.killToStart(),
  '\x17': (editor) => editor.killWord(),
  '\x1b': (editor) => editor.startEscape(),
  '\x7f': (editor) => editor.backspace(),
};

const escapeSequences: Readonly<Record<string, Action>> = {
  '\x1b[A': (editor) => editor.recall(-1),
  '\x1b[B': (editor) => editor.recall(1),
  '\x1b[C': (editor) => editor.moveBy(1),
  '\x1b[D': (editor) => editor.moveBy(-1),
  '\x1b[H': (editor) => editor.moveTo(0),
  '\x1b[F': (editor) => editor.moveToEnd(),
  '\x1b[1~': (editor) => editor.moveTo(0),
  '\x1b[3~': (editor) => editor.deleteForward(),
  '\x1b[4~': (editor) => editor.moveToEnd(),
  '\x1bOA': (editor) => editor.recall(-1),
  '\x1bOB': (editor) => editor.recall(1),
  '\x1bOC': (editor) => editor.moveBy(1),
  '\x1bOD': (editor) => editor.moveBy(-1),
  '\x1bOH': (editor) => editor.moveTo(0),
  '\x1bOF': (editor) => editor.moveToEnd(),
};
