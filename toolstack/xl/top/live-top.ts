import type {ReadStream, WriteStream} from 'node:tty';
import type {TopSample} from '../../host/top.ts';
import {COLUMNS} from './columns.ts';
import {screenLines} from './screen.ts';
import type {TopView} from './table.ts';

// Terminal control: the alternate screen, home, the rest of a line and of the screen, the cursor.
const ENTER = '\u001B[?1049h\u001B[?25l';
const LEAVE = '\u001B[?25h\u001B[?1049l';
const HOME = '\u001B[H';
const REST_OF_LINE = '\u001B[K';
const REST_OF_SCREEN = '\u001B[J';

const MS_PER_S = 1000;
const DEFAULT_SIZE = {rows: 24, columns: 80};
const DELAY_QUESTION = 'Change delay? ';

type Toggle = 'networks' | 'vbds' | 'vcpus' | 'counters' | 'repeatHeader' | 'fullNames';

const TOGGLES: Readonly<Record<string, Toggle>> = {
  n: 'networks',
  b: 'vbds',
  v: 'vcpus',
  c: 'counters',
  r: 'repeatHeader',
  f: 'fullNames',
};

export interface LiveTopOptions {
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly sample: () => Promise<TopSample>;
  readonly view: TopView;
  readonly delayS: number;
  /** Screens until it ends by itself; none: it does not. */
  readonly iterations?: number;
}

/** xentop on a terminal, until q, Escape or ^C. */
export class LiveTop {
  /** Settles when it is over. */
  readonly ended: Promise<void>;
  readonly #options: LiveTopOptions;
  #view: TopView;
  #delayS: number;
  #left: number;
  #now: TopSample | undefined;
  #before: TopSample | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** What was typed to a question. */
  #answer: string | undefined;
  #over = false;
  #settle: {resolve: () => void; reject: (error: unknown) => void} | undefined;

  constructor(options: LiveTopOptions) {
    this.#options = options;
    this.#view = options.view;
    this.#delayS = options.delayS;
    this.#left = options.iterations ?? Infinity;
    this.ended = new Promise((resolve, reject) => (this.#settle = {resolve, reject}));
    const {input, output} = options;
    input.setRawMode(true);
    input.on('data', this.#onData);
    output.on('resize', this.#draw);
    output.write(ENTER);
    this.#tick();
  }

  #tick(): void {
    this.#options
      .sample()
      .then((sample) => {
        this.#before = this.#now;
        this.#now = sample;
        this.#draw();
        if (--this.#left <= 0) this.#end();
        if (!this.#over) this.#timer = setTimeout(() => this.#tick(), this.#delayS * MS_PER_S);
      })
      .catch((error: unknown) => this.#end(error));
  }

  readonly #draw = (): void => {
    if (this.#now === undefined || this.#over) return;
    const {output} = this.#options;
    const size = {rows: output.rows || DEFAULT_SIZE.rows, columns: output.columns || DEFAULT_SIZE.columns};
    const question = this.#answer === undefined ? undefined : DELAY_QUESTION + this.#answer;
    const clock = new Date().toTimeString().slice(0, 8);
    const lines = screenLines(this.#now, this.#before, this.#view, size, {clock, question});
    output.write(HOME + lines.map((line) => line + REST_OF_LINE).join('\r\n') + REST_OF_SCREEN);
  };

  readonly #onData = (data: Buffer): void => {
    for (const key of data.toString('latin1')) {
      if (this.#answer === undefined) this.#press(key);
      else this.#type(key);
    }
    this.#draw();
  };

  #press(key: string): void {
    const toggle = TOGGLES[key.toLowerCase()];
    if (toggle !== undefined) this.#view = {...this.#view, [toggle]: !this.#view[toggle]};
    else if (key === 's' || key === 'S') this.#view = {...this.#view, sortColumn: this.#nextColumn()};
    else if (key === 'd' || key === 'D') this.#answer = '';
    else if (key === 'q' || key === 'Q' || key === '\u0003' || key === '\u001B') this.#end();
  }

  /** By domid again after the last one. */
  #nextColumn(): number | undefined {
    const {sortColumn} = this.#view;
    if (sortColumn === undefined) return 0;
    return sortColumn + 1 < COLUMNS.length ? sortColumn + 1 : undefined;
  }

  #type(key: string): void {
    if (key === '\r' || key === '\n') {
      const delayS = Number(this.#answer);
      this.#answer = undefined;
      if (delayS > 0 && Number.isFinite(delayS)) this.#setDelay(delayS);
    } else if (key === '\u001B' || key === '\u0003') this.#answer = undefined;
    else if (key === '\u007F') this.#answer = this.#answer?.slice(0, -1);
    else if (/[\d.]/.test(key)) this.#answer = `${this.#answer}${key}`.slice(0, 10);
  }

  #setDelay(delayS: number): void {
    this.#delayS = delayS;
    clearTimeout(this.#timer);
    this.#tick();
  }

  #end(error?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    const {input, output} = this.#options;
    input.off('data', this.#onData);
    output.off('resize', this.#draw);
    input.setRawMode(false);
    input.pause();
    output.write(LEAVE);
    if (error === undefined) this.#settle?.resolve();
    else this.#settle?.reject(error);
  }
}
