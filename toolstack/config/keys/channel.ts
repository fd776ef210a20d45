import {pairOf, wordsOf} from '../key-value-spec.ts';
import type {JsonObject} from '../yajl.ts';
import {deviceList, type SpecReader} from './device-list.ts';
import type {Step} from './step.ts';

const CONNECTIONS: ReadonlySet<string> = new Set(['pty', 'socket']);
const PARAMETERS: ReadonlySet<string> = new Set(['backend', 'name', 'path', 'connection']);

/** A named console. Blanks around keys and values do not count here; unknown keys only warn. */
const channel: SpecReader = (item, devid, {reader}) => {
  const values: Partial<Record<string, string>> = {};
  for (const part of wordsOf(item.text, ',')) {
    const pair = pairOf(part, '=');
    if (pair === undefined) throw reader.failAt(item, [`failed to parse channel configuration: ${part}`]);
    const [key, value] = pair.map((text) => text.trim());
    if (!PARAMETERS.has(key)) reader.warn(`unknown channel parameter '${key}', ignoring`);
    else if (key === 'connection' && !CONNECTIONS.has(value)) {
      throw reader.failAt(item, [`unknown channel connection '${value}'`]);
    } else values[key] = value;
  }
  const {backend, name, path, connection} = values;
  if (connection === undefined) throw reader.failAt(item, ["channel has unknown 'connection'"]);
  if (connection === 'socket' && path === undefined) {
    throw reader.failAt(item, ["channel connection 'socket' requires path=.."]);
  }
  const detail: JsonObject = connection === 'socket' ? {path} : {};
  return {backend_domname: backend, devid, name, [`connection.${connection}`]: detail};
};

export const CHANNEL_STEPS: readonly Step[] = [deviceList('channel', 'channels', channel)];
