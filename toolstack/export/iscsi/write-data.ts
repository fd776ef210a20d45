import {makeHead, NO_TAG, type Pdu, R2T} from './pdu.ts';
import type {SessionParameters} from './parameters.ts';
import type {Numbering} from './numbering.ts';
import type {Wire} from './wire.ts';

/** Data of one write on the way: what came with the command, then unasked, then by R2T. */
export class WriteData {
  readonly bytes: Buffer;
  /** Resolves when all is there; false: it came out of order, or not as agreed. */
  readonly complete: Promise<boolean>;
  private readonly command: Pdu;
  private readonly wire: Wire;
  private readonly numbering: Numbering;
  private readonly parameters: SessionParameters;
  private finish!: (isRight: boolean) => void;
  private received = 0;
  /** Where the sequence that is on the way ends. */
  private sequenceEnd = 0;
  private dataSn = 0;
  private r2tSn = 0;
  private tag = NO_TAG;
  private ended = false;

  constructor(
    command: Pdu,
    length: number,
    {wire, numbering, parameters}: {wire: Wire; numbering: Numbering; parameters: SessionParameters},
  ) {
    this.command = command;
    this.wire = wire;
    this.numbering = numbering;
    this.parameters = parameters;
    this.bytes = Buffer.alloc(length);
    this.complete = new Promise((resolve) => (this.finish = resolve));
  }

  /** Takes the data of the command itself, then waits for what is to come. */
  begin(isFinal: boolean): void {
    const {parameters, bytes, command} = this;
    const unasked = Math.min(parameters.firstBurstLength, bytes.length);
    const {length} = command.data;
    if (length > unasked || (length > 0 && !parameters.immediateData)) return this.end(false);
    if (!isFinal && parameters.initialR2T) return this.end(false);
    command.data.copy(bytes);
    this.received = length;
    this.sequenceEnd = isFinal ? length : unasked;
    if (this.received === this.sequenceEnd) this.next();
  }

  /** A Data-Out PDU for this command. */
  take({head, data}: Pdu, isFinal: boolean): void {
    if (this.ended) return;
    const isExpected =
      head.readUInt32BE(20) === this.tag &&
      head.readUInt32BE(36) === this.dataSn &&
      head.readUInt32BE(40) === this.received &&
      this.received + data.length <= this.sequenceEnd;
    if (!isExpected) return this.end(false);
    data.copy(this.bytes, this.received);
    this.received += data.length;
    this.dataSn++;
    if (isFinal) this.next();
    else if (this.received === this.sequenceEnd) this.end(false);
  }

  /** The command was aborted, or the connection is gone. */
  abandon(): void {
    this.end(false);
  }

  /** Asks for what is missing. */
  private next(): void {
    if (this.received === this.bytes.length) return this.end(true);
    const {command, numbering, parameters} = this;
    const length = Math.min(this.bytes.length - this.received, parameters.maxBurstLength);
    this.tag = numbering.nextTag();
    this.dataSn = 0;
    this.sequenceEnd = this.received + length;
    const head = makeHead(R2T, 0x80, command.head.readUInt32BE(16));
    command.head.copy(head, 8, 8, 16);
    head.writeUInt32BE(this.tag, 20);
    numbering.stamp(head, false);
    head.writeUInt32BE(this.r2tSn++, 36);
    head.writeUInt32BE(this.received, 40);
    head.writeUInt32BE(length, 44);
    void this.wire.send(head);
  }

  private end(isRight: boolean): void {
    this.ended = true;
    this.finish(isRight);
  }
}
