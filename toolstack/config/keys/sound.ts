import {strtoul} from '../c-numbers.ts';
import {compact} from '../device-json.ts';
import {specTokens, wordsOf} from '../key-value-spec.ts';
import type {ConfigValue} from '../settings.ts';
import type {JsonObject} from '../yajl.ts';
import {append} from './device-list.ts';
import type {Context, Step} from './step.ts';

/** @see sndif.h, "sample-formats" */
const FORMATS = new Set(
  `s8 u8 s16_le s16_be u16_le u16_be s24_le s24_be u24_le u24_be s32_le s32_be u32_le u32_be
   f32_le f32_be f64_le f64_be iec958_subframe_le iec958_subframe_be mu_law a_law ima_adpcm mpeg gsm`.split(/\s+/),
);

type Params = {
  sample_rates?: number[];
  sample_formats?: string[];
  channels_min?: number;
  channels_max?: number;
  buffer_size?: number;
};

type Stream = {unique_id?: string; type?: string; params: Params};
type Pcm = {name?: string; params: Params; streams: Stream[]};
type Card = {backend?: string; shortName?: string; longName?: string; params: Params; pcms: Pcm[]};

/** A message, or undefined when the value was taken. */
type Outcome = string | undefined;

const number = (text: string): number | undefined => Number(BigInt.asUintN(32, strtoul(text, 0).value)) || undefined;

const PARAMS: Readonly<Record<string, (params: Params, value: string) => Outcome>> = {
  'sample-rates': (params, value) => {
    params.sample_rates = wordsOf(value, ';').map((rate) => number(rate) ?? 0);
    return undefined;
  },
  'sample-formats': (params, value) => {
    const formats = wordsOf(value, ';').map((format) => format.toLowerCase());
    const bad = formats.findIndex((format) => !FORMATS.has(format));
    if (bad !== -1) return `Invalid pcm format: ${wordsOf(value, ';')[bad]}`;
    params.sample_formats = formats;
    return undefined;
  },
  'channels-min': (params, value) => void (params.channels_min = number(value)),
  'channels-max': (params, value) => void (params.channels_max = number(value)),
  'buffer-size': (params, value) => void (params.buffer_size = number(value)),
};

/** Where a parameter may go: the common ones, and those of one level. */
type Level = {params: Params; own: Readonly<Record<string, (value: string) => Outcome>>};

const cardLevel = (card: Card): Level => ({
  params: card.params,
  own: {
    backend: (value) => void (card.backend = value),
    'short-name': (value) => void (card.shortName = value),
    'long-name': (value) => void (card.longName = value),
  },
});

const pcmLevel = ({pcms}: Card): Level => {
  const pcm = pcms[pcms.length - 1];
  return {params: pcm.params, own: {name: (value) => void (pcm.name = value)}};
};

const STREAM_TYPES: ReadonlySet<string> = new Set(['p', 'c']);

const streamLevel = ({pcms}: Card): Level => {
  const {streams} = pcms[pcms.length - 1];
  const stream = streams[streams.length - 1];
  return {
    params: stream.params,
    own: {
      'unique-id': (value) => void (stream.unique_id = value),
      type: (value) => {
        if (!STREAM_TYPES.has(value.toLowerCase())) return `Invalid stream type: ${value}`;
        stream.type = value.toLowerCase();
        return undefined;
      },
    },
  };
};

/** What the first word of a string begins. */
const LEVELS: Readonly<Record<string, (card: Card) => Level>> = {
  card: cardLevel,
  pcm: (card) => {
    card.pcms.push({params: {}, streams: []});
    return pcmLevel(card);
  },
  stream: (card) => {
    if (card.pcms.length === 0) card.pcms.push({params: {}, streams: []});
    card.pcms[card.pcms.length - 1].streams.push({params: {}});
    return streamLevel(card);
  },
};

const readString = (card: Card, text: string): Outcome => {
  const [word, ...tokens] = specTokens(text);
  if (word === undefined) return undefined;
  const key = word.toLowerCase();
  if (!Object.hasOwn(LEVELS, key)) return `Invalid key: ${word}`;
  const {params, own} = LEVELS[key](card);
  for (const token of tokens) {
    const [name] = token.split('=', 1);
    const value = token.slice(name.length + 1);
    const isPair = token.includes('=');
    const problem =
      isPair && Object.hasOwn(PARAMS, name)
        ? PARAMS[name](params, value)
        : isPair && Object.hasOwn(own, name)
          ? own[name](value)
          : `Invalid parameter: ${token}`;
    if (problem !== undefined) return problem;
  }
  return undefined;
};

/** A sound card: a list of strings that describe the card, its PCM devices and their streams, in this order. */
const readCard = ({reader}: Context, item: ConfigValue, devid: number): JsonObject => {
  if (item.kind !== 'list') throw reader.failAt(item, ['Failed to get vsnd card list: Invalid argument']);
  const card: Card = {params: {}, pcms: []};
  for (const text of item.items) {
    if (text.kind === 'list') break;
    const problem = readString(card, text.text);
    if (problem !== undefined) throw reader.failAt(text, [problem]);
  }
  return {
    backend_domname: card.backend,
    devid,
    short_name: card.shortName,
    long_name: card.longName,
    params: paramsToJson(card.params),
    pcms: card.pcms.length === 0 ? undefined : card.pcms.map(pcmToJson),
  };
};

const pcmToJson = ({name, params, streams}: Pcm): JsonObject =>
  compact({name, params: paramsToJson(params), streams: streams.length === 0 ? undefined : streams.map(streamToJson)});

const streamToJson = ({unique_id, type, params}: Stream): JsonObject =>
  compact({unique_id, type, params: paramsToJson(params)});

/** In libxl's order, which need not be that of the text. */
const paramsToJson = (params: Params): JsonObject => {
  const {sample_rates, sample_formats, channels_min, channels_max, buffer_size} = params;
  return compact({sample_rates, sample_formats, channels_min, channels_max, buffer_size});
};

const soundCards: Step = (context) => {
  for (const [devid, item] of (context.reader.list('vsnd') ?? []).entries()) {
    append(context, 'vsnds', readCard(context, item, devid));
  }
};

export const SOUND_STEPS: readonly Step[] = [soundCards];
