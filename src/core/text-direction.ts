/** Text that reads as it is stored. */

/** Characters that change the direction of text: shown, `gpj.exe` could read as `exe.jpg`. https://www.unicode.org/reports/tr9/ */
const directionControls = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** For names and lines that people read. */
export function withoutDirectionControls(text: string): string {
  return text.replace(directionControls, '');
}
