/** Where the program is loaded, and where its buffer begins: little-endian in the code below. */
const LOAD_ADDRESS = 0x08048000;
const BUFFER_ADDRESS = 0x08049000;
/** The longest frame, and the length before it. */
const BUFFER_BYTES = 0x10000 + 4;
const HEADER_BYTES = 52;
const PROGRAM_HEADER_BYTES = 32;
const CODE_AT = HEADER_BYTES + PROGRAM_HEADER_BYTES;

/**
 * System calls by int 0x80: number in eax, arguments in ebx, ecx, edx, esi, edi.
 * @see packet(7); arch/x86/entry/syscalls/syscall_32.tbl
 */
const code = [
  '5d', // pop ebp: argc
  'b8 67 01 00 00  bb 11 00 00 00  b9 03 00 00 00  31 d2  cd 80', // socket(AF_PACKET, SOCK_RAW, 0)
  '89 c6', // mov esi, eax: the socket
  'b8 03 00 00 00  31 db  b9 00 90 04 08  ba 14 00 00 00  cd 80', // read(0, buffer, 20): a sockaddr_ll
  'b8 69 01 00 00  89 f3  cd 80', // bind(socket, buffer, 20)
  '85 c0  75 30', // test eax, eax; jnz fail
  '4d  74 42', // dec ebp; jz receive: no argument
  // send:
  'b8 03 00 00 00  31 db  b9 00 90 04 08  ba 04 00 00 00  cd 80', // read(0, buffer, 4): a length
  '39 d0  75 22', // cmp eax, edx; jne done
  'b8 03 00 00 00  8b 11  cd 80', // read(0, buffer, length)
  'b8 04 00 00 00  89 f3  cd 80', // write(socket, buffer, length)
  '39 d0  74 d3', // cmp eax, edx; je send
  // fail:
  'bb 01 00 00 00  b8 01 00 00 00  cd 80', // exit(1)
  // done:
  '31 db  b8 01 00 00 00  cd 80', // exit(0)
  // receive:
  'b8 6e 01 00 00  89 f3  89 f5  b9 07 01 00 00  ba 17 00 00 00', // ebp: the socket
  'be 00 90 04 08  bf 04 00 00 00  cd 80', // setsockopt(socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, buffer, 4)
  // next:
  'b8 03 00 00 00  89 eb  b9 04 90 04 08  ba 00 00 01 00  cd 80', // read(socket, buffer + 4, 65536)
  '85 c0  78 b5', // test eax, eax; js fail
  'a3 00 90 04 08  8d 50 04', // mov [buffer], eax; lea edx, [eax + 4]
  'b8 04 00 00 00  bb 01 00 00 00  b9 00 90 04 08  cd 80', // write(1, buffer, length + 4)
  'eb ce', // jmp next
].flatMap((line) => line.split(/ +/).map((byte) => Number.parseInt(byte, 16)));

const PT_LOAD = 1;
const READ_WRITE_EXECUTE = 7;

/** @see elf(5), Elf32_Ehdr and Elf32_Phdr */
const headers = (sizeBytes: number): Uint32Array =>
  Uint32Array.from(
    [
      [0x464c457f, 0x00010101, 0, 0],
      [0x00030002, 1, LOAD_ADDRESS + CODE_AT, HEADER_BYTES, 0, 0],
      [HEADER_BYTES | (PROGRAM_HEADER_BYTES << 16), 1, 0],
      [PT_LOAD, 0, LOAD_ADDRESS, LOAD_ADDRESS, sizeBytes],
      [BUFFER_ADDRESS - LOAD_ADDRESS + BUFFER_BYTES, READ_WRITE_EXECUTE, 0x1000],
    ].flat(),
  );

/**
 * A program for Linux on i386 that sends and receives raw frames, which busybox has none for. Its input begins with the
 * sockaddr_ll to bind to. With an argument it sends the frames that follow, each after its length (u32); without one it
 * writes what comes to its output in the same form, and never ends.
 */
export const packetTool = (): Uint8Array => {
  const file = new Uint8Array(CODE_AT + code.length);
  file.set(new Uint8Array(headers(file.length).buffer));
  file.set(code, CODE_AT);
  return file;
};

const AF_PACKET = 17;
const ETH_P_ALL_BIG_ENDIAN = 0x0300;

/** To receive from an interface, or to send only. @see packet(7), struct sockaddr_ll */
export const linkAddress = (interfaceIndex: number, receives: boolean): Uint8Array =>
  new Uint8Array(
    Uint32Array.of(AF_PACKET | (receives ? ETH_P_ALL_BIG_ENDIAN << 16 : 0), interfaceIndex, 0, 0, 0).buffer,
  );

/** Frames, each after its length. */
export const packFrames = (frames: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(frames.flatMap((frame) => [...new Uint8Array(Uint32Array.of(frame.length).buffer), ...frame]));

/** Those that are whole. */
export const unpackFrames = (bytes: Uint8Array): Uint8Array[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: Uint8Array[] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) break;
    frames.push(bytes.slice(at + 4, end));
    at = end;
  }
  return frames;
};
