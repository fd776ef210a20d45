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

export const specTokens = (spec: string): string[] =>
  spec
    .split(',')
    .filter((token) => token !== '')
    .map((token) => token.replace(/^ +/, ''));
