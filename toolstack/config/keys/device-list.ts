import {compact} from '../device-json.ts';
import {specTokens} from '../key-value-spec.ts';
import type {StringItem} from '../setting-reader.ts';
import type {JsonObject} from '../yajl.ts';
import type {Context, Step} from './step.ts';

/** Reads one item of a list of devices; `index` is its place in the list. */
export type SpecReader = (item: StringItem, index: number, context: Context) => JsonObject;

/** The step for a list of devices, kept under libxl's name for it. */
export const deviceList =
  (key: string, name: string, read: SpecReader): Step =>
  (context) => {
    const items = context.reader.strings(key) ?? [];
    for (const [index, item] of items.entries()) append(context, name, read(item, index, context));
  };

export const append = ({draft}: Context, name: string, device: JsonObject): void => {
  draft.devices[name] = [...(draft.devices[name] ?? []), compact(device)];
};

/** Takes a value, or says what is wrong with it. */
export type Setter<T> = (device: T, value: string) => string | void;

/** Reads `key=value` tokens by a table of keys; an unknown key, or a token without `=`, ends it with xl's message. */
export const readParameters = <T>(
  {reader}: Context,
  item: StringItem,
  device: T,
  setters: Readonly<Record<string, Setter<T>>>,
  unknown: (token: string) => string,
): T => {
  for (const token of specTokens(item.text)) {
    const [key] = token.split('=', 1);
    if (!token.includes('=') || !Object.hasOwn(setters, key)) throw reader.failAt(item, [unknown(token)]);
    const problem = setters[key](device, token.slice(key.length + 1));
    if (typeof problem === 'string') throw reader.failAt(item, [problem]);
  }
  return device;
};
