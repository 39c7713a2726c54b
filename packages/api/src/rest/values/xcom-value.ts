import type { NewXCom, Tx, XComRow } from "@airloom/store";
import { decodeValue, encodeValue } from "@airloom/wire";

interface Place {
  readonly runKey: number;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly key: string;
}

/** A stored value, put together again when its elements stand apart; null when there is none. */
export async function readXCom(
  tx: Tx,
  place: Place,
): Promise<{ readonly row: XComRow; readonly value: unknown } | null> {
  const row = await tx.findXCom(place);
  if (!row) return null;
  if (row.value) return { row, value: decodeValue(row.value) };
  return { row, value: (await tx.listXComElements(place)).map(decodeValue) };
}

/** A value as it is stored: by element, when a mapped task reads the list. */
export function xcomOf(place: Place, value: unknown, elementwise: boolean): NewXCom {
  const list = Array.isArray(value) ? value : null;
  const apart = elementwise && list !== null && place.key === "return_value";
  return {
    ...place,
    value: apart ? null : encodeValue(value),
    elements: apart ? list.map((element) => encodeValue(element)) : null,
    length: list?.length ?? null,
  };
}
