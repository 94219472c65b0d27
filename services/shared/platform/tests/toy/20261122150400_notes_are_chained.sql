select chained('notes', 'note_id');
