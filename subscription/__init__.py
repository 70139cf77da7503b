"""Who is told what, and until when: so far the languages of queries and filters."""
