/** A file system that is read, and nothing else. */
export interface FileReader {
  /** A file's bytes; undefined when there is none of that name. BootError when it cannot be read. */
  readFile(path: string): Promise<Buffer | undefined>;
}
