"""The service behind `emojimap serve`: photos in by HTTP, avatars out.

    client ─ record ─ guard ─ limits ─┬─ fitting  ─ desk ─ crew of processes (job)
             logs,    host,   bytes,  ├─ drawing  ─ desk ─ threads
             figures  origin, time    ├─ health
                      token           └─ page (emojimap.web.page)

`settings` says what is allowed, `app` puts everything together, `run` listens. Every refusal is
`application/problem+json` and is made in `problems`.
"""
