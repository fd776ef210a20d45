/** Bytes of the length before each frame, big-endian. */
const LENGTH_BYTES = 4;
const MAX_FRAME = 65535;

/** Takes a stream of frames, each behind its length, apart. @see QEMU, docs of -netdev stream */
export class FrameDecoder {
  /** Why the stream cannot be gone on with, if so. */
  fault: string | undefined;
  private readonly buffer = Buffer.alloc(LENGTH_BYTES + MAX_FRAME);
  private filled = 0;
  /** Bytes in the buffer at which the next step is due: the length's, then the frame's, too. */
  private wanted = LENGTH_BYTES;

  /** True in the middle of a frame. */
  get isPending(): boolean {
    return this.filled > 0;
  }

  /** The frames that a chunk completes; none once there is a fault. */
  push(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = [];
    let at = 0;
    while (at < chunk.length && this.fault === undefined) {
      const copied = chunk.copy(this.buffer, this.filled, at, at + this.wanted - this.filled);
      at += copied;
      this.filled += copied;
      if (this.filled < this.wanted) break;
      if (this.wanted === LENGTH_BYTES) this.expect(this.buffer.readUInt32BE(0));
      else frames.push(this.take());
    }
    return frames;
  }

  private expect(length: number): void {
    if (length === 0 || length > MAX_FRAME) this.fault = `a frame of ${length} bytes`;
    else this.wanted += length;
  }

  private take(): Buffer {
    const frame = Buffer.from(this.buffer.subarray(LENGTH_BYTES, this.filled));
    this.filled = 0;
    this.wanted = LENGTH_BYTES;
    return frame;
  }
}

/** Frames as they go over a stream. */
export const encodeFrames = (frames: readonly Uint8Array[]): Buffer => {
  const bytes = Buffer.allocUnsafe(frames.reduce((sum, {length}) => sum + LENGTH_BYTES + length, 0));
  let at = 0;
  for (const frame of frames) {
    at = bytes.writeUInt32BE(frame.length, at);
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
};
