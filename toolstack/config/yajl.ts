/** JSON text as libxl prints it (yajl's "beautify" with four blanks). */

export type JsonValue = string | number | boolean | readonly JsonValue[] | JsonObject;

/** Fields in order; an undefined one is left out. */
export type JsonObject = {readonly [key: string]: JsonValue | undefined};

const INDENT = '    ';

/**
 * The text, ended with a newline as yajl does; xl adds another where it uses puts. Empty objects and arrays hold an
 * empty line.
 */
export const formatJson = (value: JsonValue): string => `${format(value, '')}\n`;

const format = (value: JsonValue, indent: string): string => {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return BigInt(value).toString();
  if (typeof value === 'boolean') return String(value);
  const inner = indent + INDENT;
  if (isArray(value)) {
    return container(
      '[]',
      value.map((item) => `${inner}${format(item, inner)}`),
      indent,
    );
  }
  const fields = Object.entries(value).filter((field): field is [string, JsonValue] => field[1] !== undefined);
  return container(
    '{}',
    fields.map(([key, item]) => `${inner}${quote(key)}: ${format(item, inner)}`),
    indent,
  );
};

const isArray = (value: object): value is readonly JsonValue[] => Array.isArray(value);

const container = ([open, close]: string, items: readonly string[], indent: string): string =>
  `${open}\n${items.join(',\n')}\n${indent}${close}`;

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

const quote = (text: string): string =>
  `"${text.replace(/["\\]|[^ -\uffff]/g, (char) => SHORT_ESCAPES[char] ?? unicodeEscape(char))}"`;

const unicodeEscape = (char: string): string =>
  `\\u00${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
