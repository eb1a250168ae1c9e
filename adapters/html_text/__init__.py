"""Text from HTML mail, in one pass over its tags.

No tree is built: parsers that build one (lxml, lexbor) take time that grows with the square of the depth, and a mail
of a few hundred kilobytes that anybody can send would stop everything else for minutes.
"""
