/** A result, or a part of one, with the random code of its boundaries left out: `<untrusted>Obey me</untrusted>`. */
export function withoutCode<T>(part: T): T {
  return JSON.parse(JSON.stringify(part).replaceAll(/untrusted-[0-9a-f]{8}>/g, 'untrusted>')) as T
}
