import test from 'ava';
import {encodeFrames, FrameDecoder} from '../../../backends/network/uplink/frame-decoder.ts';
import {formatUplink, parseUplink} from '../../../backends/network/uplink/index.ts';

const frames = [60, 1, 1514, 65535, 14].map((length, i) => Buffer.alloc(length, i + 1));
// As QEMU writes it: a big-endian length, then the frame.
const stream = Buffer.concat(frames.flatMap((frame) => [Buffer.from([0, 0, frame.length >> 8, frame.length]), frame]));

const decode = (chunks: readonly Buffer[]) => {
  const decoder = new FrameDecoder();
  return {decoder, frames: chunks.flatMap((chunk) => decoder.push(chunk))};
};

test('frames are what stands behind their lengths, wherever the stream is cut', (t) => {
  t.deepEqual(encodeFrames(frames), stream);
  t.deepEqual(decode([stream]).frames, frames);
  const bytewise = decode(Array.from(stream, (byte) => Buffer.of(byte)));
  t.deepEqual(bytewise.frames, frames);
  t.false(bytewise.decoder.isPending);
  const short = stream.subarray(0, 70);
  for (let cut = 0; cut <= short.length; cut++) {
    const {decoder, frames: found} = decode([short.subarray(0, cut), short.subarray(cut)]);
    t.deepEqual(found, frames.slice(0, 2));
    t.true(decoder.isPending, 'the third frame has begun');
  }
});

test('a length of 0 or beyond 65535 ends the stream', (t) => {
  for (const [length, fault] of [
    [0, 'a frame of 0 bytes'],
    [65536, 'a frame of 65536 bytes'],
    [0xffffffff, 'a frame of 4294967295 bytes'],
  ] as const) {
    const bad = Buffer.alloc(8);
    bad.writeUInt32BE(length);
    const {decoder, frames: found} = decode([Buffer.concat([stream.subarray(0, 64), bad, stream]), stream]);
    t.deepEqual(found, frames.slice(0, 1));
    t.is(decoder.fault, fault);
  }
});

test('uplinks read and print', (t) => {
  const texts = ['stream:/run/passt.socket', 'listen:a b,c', 'dgram:/tmp/a,/tmp/b'];
  for (const text of texts) t.is(formatUplink(parseUplink(text)), text);
  t.deepEqual(parseUplink('dgram:a,b'), {type: 'dgram', path: 'a', peer: 'b'});
  for (const text of ['', 'stream:', 'stream', '/a', 'dgram:/a', 'dgram:/a,', 'dgram:,b', 'dgram:a,b,c', 'udp:1']) {
    t.throws(() => parseUplink(text), {instanceOf: RangeError, message: /^".*" is not of the form stream:PATH/}, text);
  }
  t.throws(() => parseUplink('tap:tap0'), {message: /^"tap:tap0": Node has no call for TAP devices/});
});
