"""The offline protocol: operations go up, row states come down, nothing captured is ever lost (sync.md)."""
