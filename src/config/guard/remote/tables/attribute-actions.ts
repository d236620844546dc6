import { all, list, oneOf, record, scalar, text } from "../shape.ts";
import type { Shape } from "../shape.ts";
import { nonEmpty, oneKeyOf, variants } from "../variants.ts";

const pattern = text(4_096);
const word = text(32);

/** Where a value comes from: itself, another attribute, or the request. */
const setting: Shape = all(
  record(
    {
      action: word,
      key: nonEmpty,
      value: scalar,
      from_attribute: nonEmpty,
      from_context: nonEmpty,
      default_value: scalar,
    },
    { required: ["key"] },
  ),
  oneKeyOf("value", "from_attribute", "from_context"),
);
const removing: Shape = record({ action: word, key: nonEmpty, pattern }, { required: ["key"] });

const action = variants("action", {
  insert: setting,
  update: setting,
  upsert: setting,
  delete: removing,
  hash: removing,
  extract: record({ action: word, key: nonEmpty, pattern: nonEmpty }, { required: ["key", "pattern"] }),
  convert: record(
    { action: word, key: nonEmpty, converted_type: oneOf("int", "double", "string") },
    { required: ["key", "converted_type"] },
  ),
});

/** What `attributes` and `resource` do with attributes; each action has settings of its own. */
export const attributeActions: Shape = list(action, 256, 1);
