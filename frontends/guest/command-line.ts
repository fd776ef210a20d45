/** The kernel command line, taken apart. */
export interface CommandLine {
  readonly text: string;
  /** key=value words; a word without a value is there with ''. Of several with one key the last counts. */
  readonly values: ReadonlyMap<string, string>;
}

/**
 * Words are parted by blanks; quotes, double or single, keep blanks and are taken away. A quote that is not closed
 * reaches to the end.
 */
export const parseCommandLine = (text: string): CommandLine => {
  const values = new Map<string, string>();
  for (const word of splitWords(text)) {
    const equals = word.indexOf('=');
    if (equals < 0) values.set(word, '');
    else values.set(word.slice(0, equals), word.slice(equals + 1));
  }
  return {text, values};
};

const splitWords = (text: string): string[] => {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (const ch of text) {
    if (quote !== '') {
      if (ch === quote) quote = '';
      else word = (word ?? '') + ch;
    } else if (ch === '"' || ch === "'") {
      quote = ch;
      word ??= '';
    } else if (/\s/.test(ch)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + ch;
  }
  if (word !== undefined) words.push(word);
  return words;
};

/** The value of a word about an interface: `ip=` (or `ip0=`) is for eth0, `ip1=` for eth1, and so on. */
export const wordFor = ({values}: CommandLine, key: string, interfaceName: string): string | undefined => {
  const index = /^eth(\d+)$/.exec(interfaceName)?.[1];
  if (index === undefined) return undefined;
  return values.get(`${key}${index}`) ?? (index === '0' ? values.get(key) : undefined);
};
