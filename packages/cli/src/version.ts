/** Airloom's version: what `airloom version`, `GET /api/v2/version` and the stored specs say. */
export const version = "0.1.0";
