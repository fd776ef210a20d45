/** A URL that wget takes. */
export interface HttpUrl {
  host: string;
  port: number;
  /** From the slash on, with the query. */
  path: string;
}

const DEFAULT_PORT = 80;
const MAX_HEAD_BYTES = 64 * 1024;

/** Undefined for what is no http:// URL. */
export const parseHttpUrl = (text: string): HttpUrl | undefined => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' || url.hostname === '') return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return {host, port: url.port === '' ? DEFAULT_PORT : Number(url.port), path: url.pathname + url.search};
};

/** Reads the next bytes of a connection, as TcpStream.read does. */
type Read = () => Promise<Uint8Array | undefined>;

/** What came back cannot be made sense of. */
export class HttpError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'HttpError';
  }
}

export interface HttpResponse {
  status: number;
  reason: string;
  /** By name in small letters; of several with one name the last. */
  headers: ReadonlyMap<string, string>;
  /** Bytes of the body where it says so. */
  length: number | undefined;
  /** The body, in the pieces it came in. */
  body: AsyncGenerator<Uint8Array>;
}

export const encodeRequest = ({host, port, path}: HttpUrl): Uint8Array => {
  const name = host.includes(':') ? `[${host}]` : host;
  const authority = port === DEFAULT_PORT ? name : `${name}:${port}`;
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${authority}`, 'User-Agent: pvsim', 'Accept: */*', 'Connection: close'];
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n`);
};

/** Reads a response. Rejects with HttpError. @see RFC 9112 */
export const readResponse = async (read: Read): Promise<HttpResponse> => {
  const input = new HttpInput(read);
  const [statusLine = '', ...lines] = await input.readHead();
  const match = /^HTTP\/1\.\d (\d{3}) ?(.*)$/.exec(statusLine);
  if (match === null) throw new HttpError('no HTTP response');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const status = Number(match[1]);
  // Interim responses come before the one that counts.
  if (status >= 100 && status < 200) return readResponse(() => input.readSome());
  const isChunked = headers.get('transfer-encoding')?.toLowerCase() === 'chunked';
  const text = headers.get('content-length');
  const length = !isChunked && text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  const body = isChunked ? readChunks(input) : readBody(input, length);
  return {status, reason: match[2], headers, length, body};
};

/** Bytes of a connection, by lines or as they come. */
class HttpInput {
  private readonly read: Read;
  private rest = new Uint8Array(0);

  constructor(read: Read) {
    this.read = read;
  }

  async readSome(): Promise<Uint8Array | undefined> {
    const {rest} = this;
    this.rest = new Uint8Array(0);
    return rest.length > 0 ? rest : this.read();
  }

  /** Puts bytes back that were read too far. */
  unread(bytes: Uint8Array): void {
    this.rest = Uint8Array.from(bytes);
  }

  /** Lines up to an empty one. */
  async readHead(): Promise<string[]> {
    const lines: string[] = [];
    for (let bytes = 0; ;) {
      const line = await this.readLine();
      if (line === '') return lines;
      bytes += line.length;
      if (bytes > MAX_HEAD_BYTES) throw new HttpError('the head of the response is too long');
      lines.push(line);
    }
  }

  async readLine(): Promise<string> {
    let line = '';
    while (line.length <= MAX_HEAD_BYTES) {
      const bytes = await this.readSome();
      if (bytes === undefined) throw new HttpError('the connection ended in the middle');
      const end = bytes.indexOf(0x0a);
      line += String.fromCharCode(...bytes.subarray(0, end < 0 ? Math.min(bytes.length, MAX_HEAD_BYTES) : end));
      if (end < 0) continue;
      this.unread(bytes.subarray(end + 1));
      return line.replace(/\r$/, '');
    }
    throw new HttpError('a line of the response is too long');
  }
}

/** `length` bytes, or what comes before the end. */
async function* readBody(input: HttpInput, length: number | undefined): AsyncGenerator<Uint8Array> {
  let left = length ?? Infinity;
  while (left > 0) {
    const bytes = await input.readSome();
    if (bytes === undefined && length === undefined) return;
    if (bytes === undefined) throw new HttpError(`the connection ended ${left} bytes early`);
    if (bytes.length > left) input.unread(bytes.subarray(left));
    const part = bytes.length > left ? bytes.subarray(0, left) : bytes;
    left -= part.length;
    yield part;
  }
}

/** @see RFC 9112, 7.1 */
async function* readChunks(input: HttpInput): AsyncGenerator<Uint8Array> {
  for (;;) {
    const size = /^([\da-f]{1,12})\s*(;.*)?$/i.exec(await input.readLine());
    if (size === null) throw new HttpError('a chunk has no size');
    const length = Number.parseInt(size[1], 16);
    if (length === 0) break;
    yield* readBody(input, length);
    await input.readLine();
  }
  await input.readHead();
}
