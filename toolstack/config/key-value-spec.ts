/** Device specifications of the form `key=value,key=value`. */

/**
 * The parameters of a specification: empty ones vanish, blanks in front are dropped, and the first one without `=`
 * ends the reading.
 */
export const keyValues = (spec: string): [key: string, value: string][] => {
  const pairs: [string, string][] = [];
  for (const token of specTokens(spec)) {
    const equals = token.indexOf('=');
    if (equals === -1) break;
    pairs.push([token.slice(0, equals), token.slice(equals + 1)]);
  }
  return pairs;
};

/** The parts between delimiters, empty ones left out, as C's strtok has them. */
export const wordsOf = (text: string, delimiter: string): string[] =>
  text.split(delimiter).filter((word) => word !== '');

/** The first two parts; undefined if there are not two. */
export const pairOf = (text: string, delimiter: string): [string, string] | undefined => {
  const [first, second] = wordsOf(text, delimiter);
  return second === undefined ? undefined : [first, second];
};

export const specTokens = (spec: string): string[] => wordsOf(spec, ',').map((token) => token.replace(/^ +/, ''));
