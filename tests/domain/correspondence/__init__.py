"""What is recognised in mail about agendas."""
