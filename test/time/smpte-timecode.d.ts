declare module 'smpte-timecode' {
  export default function timecodeOf(frame: number, rate: number, dropFrame: boolean): { toString(): string };
}
