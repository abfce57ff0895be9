/** The task of the pools that load a file by its name. */
export default function echo(value) {
  return value;
}
